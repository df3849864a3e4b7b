"""The protocol of design §4 on one page: who asks what in which order.

What is left out, since it can change nothing: the bodies of markers and rules (they are created
once, so the list that finds the key might as well bring them), the poll state (a cache), a
listing's ``feed.xml`` (as its ``index.html``), the listings of months and of the front (as that of
the host) and the page that tells how a host is treated.
"""

from model import mirror_steps as mirror
from model import takedown_steps as takedown
from model.programs import Program, Protocol, each, once

MIRROR: Program = (
    once(mirror.poll),
    each(mirror.look),
    each(mirror.announce),
    each(mirror.open_page),
    once(mirror.head_index, mirror.open_listing),
    once(mirror.list_rules, mirror.list_lifts, mirror.list_rules_again),
    each(mirror.ask_stone, mirror.put_record),
    each(mirror.put_page),
    each(mirror.read_card),
    once(mirror.put_index, mirror.put_json),
)

UNDO: Program = (
    once(takedown.put_lift, name="undo"),
    once(takedown.list_copies),
    each(mirror.open_page, takedown.dig, takedown.get_copy, mirror.ask_stone, name="dig"),
    once(takedown.keep_graves),
    once(mirror.head_index, mirror.open_listing),
    once(mirror.list_rules, mirror.list_lifts, mirror.list_rules_again),
    each(mirror.put_record, mirror.put_page),
    each(mirror.read_card),
    once(mirror.put_index, mirror.put_json),
    once(takedown.try_again),
    once(takedown.note_undone),
)

TAKEDOWN: Program = (
    once(takedown.read_case),
    once(takedown.put_rule),
    once(takedown.list_markers, name="sweep"),
    each(takedown.read_record, takedown.head_copy, takedown.keep_copy, takedown.put_stone),
    each(takedown.head_page, takedown.put_gone_page),
    once(mirror.head_index, mirror.open_listing, takedown.put_json_first, takedown.put_index_last),
    once(takedown.note_slice),
    once(takedown.acknowledge),
    *UNDO,  # a case that has ended meanwhile
)

CHOSEN = Protocol(
    {
        "mirror": MIRROR,
        "takedown": TAKEDOWN,
        "restore": (once(takedown.end_case), *UNDO),
    }
)
