"""A Gradio app that only echoes, with this project's privacy settings: what the speed table compares with."""

from __future__ import annotations

import argparse

from faqbot.settings import silence

silence()  # before Gradio is imported

import gradio as gr  # noqa: E402


def build() -> gr.Blocks:
    """One box in, the same text out, no queue: Gradio's fastest way to answer."""
    with gr.Blocks(analytics_enabled=False) as demo:
        heard, said = gr.Textbox(label="Say"), gr.Textbox(label="Echo")
        heard.submit(lambda text: text, heard, said, queue=False, api_name="echo")
    return demo


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=7861)
    build().launch(
        server_name="127.0.0.1",
        server_port=parser.parse_args().port,
        quiet=True,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
    )
