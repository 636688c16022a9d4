"""How much one address may ask for. Counts in memory alone, forgets within minutes, knows no HTTP."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_ADDRESSES = 20_000  # remembered at once, some 5 MB; the one unheard of for longest is forgotten first
FREE_MISTAKES = 5  # wrong passwords from one address before it has to wait
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0  # seconds; doubled with every further mistake
FORGOTTEN_AFTER = 900.0  # seconds without a mistake
MISTAKES_A_MINUTE = 60  # of all addresses together, beyond which one that has made a mistake has to wait
Clock = Callable[[], float]


def loopback(host: str) -> bool:
    """Whether an address or host name is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def whose(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 network that one holder of IPv6 addresses has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""  # no address, as on a unix socket: all of them together
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


class Rate:
    """A token bucket for each address: a minute's worth at once, refilled evenly."""

    def __init__(self, per_minute: float, *, clock: Clock = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens and when; oldest first

    @property
    def remembered(self) -> int:
        """How many addresses are held in memory."""
        return len(self._left)

    def take(self, address: str, *, cost: float = 1.0) -> float:
        """Seconds to wait; 0 if it may go on now, and then it is counted."""
        now, who = self._clock(), whose(address)
        left = self._tokens(who, now)
        self._left.pop(who, None)
        self._left[who] = (left - cost if left >= cost else left, now)
        self._forget(now)
        return self._until(left, cost)

    def look(self, address: str, *, cost: float = 1.0) -> float:
        """The same without counting."""
        return self._until(self._tokens(whose(address), self._clock()), cost)

    def _tokens(self, who: str, now: float) -> float:
        left, since = self._left.get(who, (self.per_minute, now))
        return min(self.per_minute, left + (now - since) * self.per_minute / 60)

    def _until(self, left: float, cost: float) -> float:
        return max(cost - left, 0.0) * 60 / self.per_minute

    def _forget(self, now: float) -> None:
        """Drop those not heard of for a minute: their bucket is full again, which is the same as never heard of."""
        while self._left:
            _, since = next(iter(self._left.values()))
            if now - since < 60 and len(self._left) <= MOST_ADDRESSES:
                return
            self._left.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Mistakes:
    count: int
    last: float
    until: float


class Lockout:
    """Wrong passwords. An address waits longer after each, and never for what another address did.

    Only while very many come in from everywhere has an address to wait after its first mistake already; one
    that has made none is always heard, so nobody can lock out everybody.
    """

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._made: OrderedDict[str, _Mistakes] = OrderedDict()
        self._everywhere = Rate(MISTAKES_A_MINUTE, clock=clock)

    def wait(self, address: str) -> float:
        """Seconds until this address may try a password."""
        self._forget()
        made = self._made.get(whose(address))
        return max(made.until - self._clock(), self._everywhere.look(""), 0.0) if made else 0.0

    def mistake(self, address: str) -> None:
        """Count a try before it is checked, so that many at once are no way around; see `pardon`."""
        now, who = self._clock(), whose(address)
        made = self._made.pop(who, None)
        count = made.count + 1 if made else 1
        over = count - FREE_MISTAKES
        pause = min(FIRST_WAIT * 2.0 ** min(over, 20), LONGEST_WAIT) if over >= 0 else 0.0
        self._made[who] = _Mistakes(count, now, now + pause)
        self._everywhere.take("")

    def pardon(self, address: str) -> None:
        """Take back one mistake: the password was right."""
        who = whose(address)
        made = self._made.get(who)
        if made is not None and made.count > 1:
            self._made[who] = _Mistakes(made.count - 1, made.last, self._clock())
        else:
            self._made.pop(who, None)

    def _forget(self) -> None:
        while self._made:
            oldest = next(iter(self._made.values()))
            if self._clock() - oldest.last < FORGOTTEN_AFTER and len(self._made) <= MOST_ADDRESSES:
                return
            self._made.popitem(last=False)
