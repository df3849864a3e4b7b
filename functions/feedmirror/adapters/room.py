"""How much of bodies is held at once, and who waits until there is room for more."""

from collections.abc import Callable, Iterator

from feedmirror.adapters.transfers import Transfer

# What nine of ten feeds are smaller than, and what is kept free for them: a few endless bodies,
# which fill all the rest, do not keep them waiting.
_SMALL = 256 * 2**10
_FOR_THE_SMALL = 4


class Room:
    """Bytes of decoded bodies: of transfers under way, and of those that nobody has taken yet.

    ``most`` is when transfers begin to pause, first come, first served; ``handed_over`` says what
    is not taken yet, and ``now`` the time in seconds. Lest all wait for each other, one may go on
    whenever nothing is left to be taken; and of a chunk nobody knows before what it decodes to. So
    what is held is at most ``most`` and two whole bodies.
    """

    def __init__(
        self, most: int, *, handed_over: Callable[[], int], now: Callable[[], float]
    ) -> None:
        """Begin with all of it free."""
        self._most = most
        self._handed_over = handed_over
        self._now = now
        self._under_way = 0
        self._paused: dict[Transfer, float] = {}
        self._favoured: Transfer | None = None

    @property
    def is_full(self) -> bool:
        """Whether nobody new should begin."""
        return self._under_way + self._handed_over() >= self._most

    @property
    def is_waited_for(self) -> bool:
        """Whether anybody could go on, or begin, if there were more."""
        return bool(self._paused) or self.is_full

    def __contains__(self, transfer: Transfer) -> bool:
        """Tell whether a transfer is paused."""
        return transfer in self._paused

    def admit(self, transfer: Transfer) -> bool:
        """Tell whether a transfer may take in more; else it has to pause until it is resumed."""
        if self._has_room_for(transfer):
            return True
        self._paused[transfer] = self._now()
        return False

    def take_in(self, size: int) -> None:
        """Count what a transfer has taken in."""
        self._under_way += size

    def resume(self) -> Iterator[tuple[Transfer, float]]:
        """Yield who may go on now, and the seconds that each was paused for."""
        for transfer, since in list(self._paused.items()):
            if self._favoured is None and not self._handed_over():
                self._favoured = transfer
            if self._has_room_for(transfer):
                del self._paused[transfer]
                yield transfer, self._now() - since

    def leave(self, transfer: Transfer) -> None:
        """Free what a transfer holds, before its body is handed over or dropped."""
        self._under_way -= len(transfer.intake.body)
        self._paused.pop(transfer, None)
        if self._favoured is transfer:
            self._favoured = None

    def _has_room_for(self, transfer: Transfer) -> bool:
        small = len(transfer.intake.body) < _SMALL
        most = self._most if small else self._most - self._most // _FOR_THE_SMALL
        held = self._under_way + self._handed_over()
        return held < most or transfer is self._favoured
