"""Faults that are planted into the real code, by the names that the protocol's model has too.

Each is a small departure from design §4 that looks reasonable. A simulator is worth what it finds,
so it has to find these; what no random schedule finds is left to the model.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from feedmirror.adapters.s3 import S3Store
from feedmirror.addresses import digest
from feedmirror.jobs import publish, store_entries
from feedmirror.jobs.publish import Publisher
from feedmirror.jobs.rules import Rules
from feedmirror.jobs.slots import Delivery, Slot, outcome_of, plan_batch
from feedmirror.jobs.store_entries import StoreEntries
from feedmirror.jobs.takedown import carry_on, ledger_rules
from feedmirror.jobs.takedown.carry_on import CarryOn
from feedmirror.jobs.takedown.entomb import Entomb
from feedmirror.jobs.takedown.restore import Restore
from feedmirror.layout import record_key, suppressions_prefix
from feedmirror.mirroring.planning import Step
from feedmirror.ports.object_store import LostConditionError
from feedmirror.records import Tombstone
from feedmirror.suppression import RuleId, Suppression, find_suppression, rule_from_json
from feedmirror.takedowns.casework import orders
from feedmirror.takedowns.casework.case_orders import acts, settled_orders, standing_event
from simulator.cloud import Cloud

Patch = tuple[object, str, object]


def _marker_after_the_rules() -> Iterator[Patch]:
    def run(self: StoreEntries, deliveries: Sequence[Delivery], *, now: Any) -> Any:
        batches, unknown = self._look(deliveries)
        slots = [slot for batch in batches for slot in batch]
        for batch in batches:
            plan_batch(batch, self.parsers, images=self.images, now=now)
        shown = [slot for slot in slots if slot.item is not None]
        for slot in shown:
            self._open_page(slot)
        listings = self.publisher.open(store_entries._folders(shown), unknown)
        rules = self.rules.read({host for slot in shown for host in slot.hosts} | listings.hosts)
        for slot in slots:
            if slot.step is not Step.LEAVE:
                self._announce(slot)
        for slot in shown:
            self._put_record(slot, rules)
        publications = {id(batch): self._publish(batch, rules, now=now) for batch in batches}
        merged = store_entries._joined(publications.values())
        failed = self.publisher.update(listings, merged, rules, now=now)
        return tuple(outcome_of(batch, publications[id(batch)], failed) for batch in batches)

    yield StoreEntries, "run", run


def _etag_after_the_rules() -> Iterator[Patch]:
    put_record = StoreEntries._put_record

    def put_late(self: StoreEntries, slot: Slot, rules: Rules) -> None:
        if slot.item is not None:
            found = self.archive.head(record_key(slot.item.host, slot.item.id))
            slot.etag = found.etag if found else None
        put_record(self, slot, rules)

    yield StoreEntries, "_put_record", put_late


def _one_marker_per_item() -> Iterator[Patch]:
    yield store_entries, "attributes_of", lambda _slot, _body: "0" * 26


def _no_nonce() -> Iterator[Patch]:
    yield Cloud, "nonce", lambda _: "0" * 16


def _absent_skipped() -> Iterator[Patch]:
    run = Entomb.run

    def run_present(self: Entomb, items: Any, cause: Any) -> None:
        run(self, [i for i in items if self.archive.head(record_key(i.host, i.id))], cause)

    yield Entomb, "run", run_present


def _tombstones_skipped() -> Iterator[Patch]:
    put_stone = Entomb._put_stone

    def put_once(self: Entomb, item: Any, cause: Any) -> Any:
        found = publish.record_in(self.archive.get(record_key(item.host, item.id)))
        if isinstance(found, Tombstone) and not found.is_retired:
            return found, found
        return put_stone(self, item, cause)

    yield Entomb, "_put_stone", put_once


def _sweep_by_delete() -> Iterator[Patch]:
    put_stone = Entomb._put_stone

    def delete(self: Entomb, item: Any, cause: Any) -> Any:
        stone, was = put_stone(self, item, cause)
        archive: Any = self.archive
        archive.client.delete_object(Bucket=archive.bucket, Key=record_key(item.host, item.id))
        return stone, was

    yield Entomb, "_put_stone", delete


def _conflict_for_exists() -> Iterator[Patch]:
    def put(self: S3Store, key: str, content: Any, *, replaces: str | None) -> str:
        request = self._put_request(key, content, replaces)
        try:
            return self.client.put_object(**request)["ETag"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 409:
                raise LostConditionError(key) from error
            retries = error.response["ResponseMetadata"]["RetryAttempts"]
            return self._settle(key, content.body, error, resent=retries > 0)
        except Exception as error:
            raise self._unavailable(key, error) from error

    yield S3Store, "put", put


def _rule_after_the_sweep() -> Iterator[Patch]:
    carried_out = CarryOn._carried_out

    def then_rule(self: CarryOn, case: Any, order: Any) -> Any:
        for each in order.rules:
            ledger_rules.write_rule(self.ledger, each)
        return carried_out(self, case, order)

    yield carry_on, "write_rule", lambda *_: ""
    yield CarryOn, "_carried_out", then_rule


def _unconditional_writer() -> Iterator[Patch]:
    put_record = StoreEntries._put_record

    def put_anyway(self: StoreEntries, slot: Slot, rules: Rules) -> None:
        put_record(_unconditional(self), slot, rules)

    yield StoreEntries, "_put_record", put_anyway


def _unconditional(jobs: StoreEntries) -> StoreEntries:
    archive: Any = _Unconditional(jobs.archive)
    return replace(jobs, archive=archive)


class _Unconditional:
    """A bucket whose conditions nobody states."""

    def __init__(self, store: Any) -> None:
        self.head, self._store = store.head, store

    def put(self, key: str, content: Any, *, replaces: str | None) -> str:
        request = self._store._put_request(key, content, replaces)
        request.pop("IfMatch", None)
        request.pop("IfNoneMatch", None)
        return str(self._store.client.put_object(**request)["ETag"])


def _page_etag_last() -> Iterator[Patch]:
    put_document, put_files = Publisher.put_document, Publisher.put_files

    def put_page(self: Publisher, page: Any, document: Any) -> bool:
        found = self.site.get(page.key)
        return put_document(self, replace(page, found=found), document)

    def put_listing(self: Publisher, folder: str, documents: Any, etags: Any) -> bool:
        heads = {name: self.site.head(folder + name) for name in etags}
        fresh = {name: head.etag if head else None for name, head in heads.items()}
        return put_files(self, folder, documents, fresh)

    yield Publisher, "put_document", put_page
    yield Publisher, "put_files", put_listing


def _id_of_the_scope() -> Iterator[Patch]:
    item_rules, rule = orders._Making._item_rules, orders._Making._rule

    def named(found: Suppression) -> Suppression:
        of_scope = digest("rule", found.scope, found.host, *sorted(found.keys))
        return replace(found, id=RuleId(of_scope))

    yield (
        orders._Making,
        "_item_rules",
        lambda self, number, step, items: map(named, item_rules(self, number, step, items)),
    )
    yield (
        orders._Making,
        "_rule",
        lambda self, number, step, claim: named(rule(self, number, step, claim)),
    )


def _lift_ends_the_items_rules() -> Iterator[Patch]:
    lift = Restore.lift

    def lift_all(self: Restore, rules: Any, *, by: str) -> None:
        ended = list(rules)
        for rule in tuple(ended):
            for found in self.ledger.list(suppressions_prefix(rule.host)):
                stored = self.ledger.get(found.key)
                other = rule_from_json(stored.content.body) if stored else rule
                if not other.keys.isdisjoint(rule.keys):
                    ended.append(other)
        lift(self, {rule.id: rule for rule in ended}.values(), by=by)

    yield Restore, "lift", lift_all


def _acknowledged_early() -> Iterator[Patch]:
    run = CarryOn.run

    def acknowledge(self: CarryOn, case: Any, *, time_left: Any) -> Any:
        if case.decision is not None and case.state.value == "received":
            settled = settled_orders(case)
            case = self._prepare(case, settled, [order for order in settled if acts(order)])
            for order in settled:
                if acts(order) and order.rules:
                    self.cases.add(
                        case,
                        standing_event(case, settled),
                        unless=lambda known: known.state.value != "received",
                    )
        return run(replace(self, cases=self.cases), case, time_left=time_left)

    yield CarryOn, "run", acknowledge


def _tombstones_expire() -> Iterator[Patch]:
    yield Cloud, "tombstones_expire", True


def _looks_again() -> Iterator[Patch]:
    put_record = StoreEntries._put_record

    def put_and_look(self: StoreEntries, slot: Slot, rules: Rules) -> None:
        put_record(_unconditional(self), slot, rules)
        if slot.written and slot.item is not None:
            now = self.rules.read(slot.hosts)
            if find_suppression(slot.claims, now.concerning(slot.hosts)):
                archive: Any = self.archive
                key = record_key(slot.item.host, slot.item.id)
                archive.client.delete_object(Bucket=archive.bucket, Key=key)
                slot.written, slot.suppressed = False, True

    yield StoreEntries, "_put_record", put_and_look


FAULTS: dict[str, Callable[[], Iterator[Patch]]] = {
    "marker after the rules": _marker_after_the_rules,
    "item ETag after the rules": _etag_after_the_rules,
    "one marker per item whatever its attributes": _one_marker_per_item,
    "a body without a nonce": _no_nonce,
    "absent keys skipped": _absent_skipped,
    "tombstones skipped": _tombstones_skipped,
    "sweep by delete": _sweep_by_delete,
    "409 taken for exists": _conflict_for_exists,
    "record the rule after the sweep": _rule_after_the_sweep,
    "unconditional writer": _unconditional_writer,
    "page ETag read last": _page_etag_last,
    "rule id derived from the scope": _id_of_the_scope,
    "a lift ends the item's rules": _lift_ends_the_items_rules,
    "acknowledged before the sweep's end": _acknowledged_early,
    "tombstones expire": _tombstones_expire,
    "writer looks again after its write instead of a fence": _looks_again,
}


SEARCHED = 500  # seeds in which those were not found that are left to the protocol's model
FOUND: dict[str, int | None] = {
    "marker after the rules": 186,
    "item ETag after the rules": 34,
    "one marker per item whatever its attributes": None,
    "a body without a nonce": None,
    "absent keys skipped": 87,
    "tombstones skipped": None,
    "sweep by delete": 1,
    "409 taken for exists": None,
    "record the rule after the sweep": 8,
    "unconditional writer": 34,
    "page ETag read last": 5,
    "rule id derived from the scope": 12,
    "a lift ends the item's rules": 12,
    "acknowledged before the sweep's end": 2,
    "tombstones expire": 463,
    "writer looks again after its write instead of a fence": 33,
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Plant a fault, by its name, as long as the context lasts; without a name, none."""
    patches = list(FAULTS[name]()) if name else []
    before = [(where, what, getattr(where, what)) for where, what, _ in patches]
    try:
        for where, what, instead in patches:
            setattr(where, what, instead)
        yield
    finally:
        for where, what, was in before:
            setattr(where, what, was)
