"""Who speaks for what: the identities of the decision table, each with what is just beside it."""

import pytest

from feedmirror.suppression import Scope, author_keys, path_key
from feedmirror.takedowns.decisions.claims import Claim, Standing
from feedmirror.takedowns.decisions.standing import covers_whole_host, standing_of, strength
from feedmirror.takedowns.senders.receipt import mailbox_key
from feedmirror.takedowns.senders.sender import Proof, Sender
from takedown_situations import (
    AUTHOR,
    BY_AUTHOR,
    BY_CONTACT,
    BY_FREEMAIL,
    BY_HOST,
    BY_NOBODY,
    BY_ROLE,
    BY_STRANGER,
    HOST,
    a_held,
    a_sender,
    nobody,
    of_items,
    of_scope,
)

ITEM = a_held()
OTHER = mailbox_key("other@mail.example")


@pytest.mark.parametrize(
    ("sender", "standing"),
    [
        (BY_NOBODY, Standing.NOBODY),
        (nobody(AUTHOR), Standing.NOBODY),
        (nobody("webmaster@example.com"), Standing.NOBODY),
        (Sender(proof=Proof.DMARC), Standing.NOBODY),
        (BY_STRANGER, Standing.STRANGER),
        (a_sender("joe@example.org"), Standing.STRANGER),
        (a_sender("joe@notexample.com"), Standing.STRANGER),
        (a_sender("joe@example.com.rival.example"), Standing.STRANGER),
        (BY_HOST, Standing.HOST),
        (a_sender("joe@news.example.com"), Standing.HOST),
        (a_sender("joe@mail.example.com"), Standing.HOST),
        (a_sender("joe@example.com", shared=True), Standing.STRANGER),
        (BY_ROLE, Standing.ROLE),
        (BY_AUTHOR, Standing.AUTHOR),
        (a_sender("ANN@mail.example"), Standing.AUTHOR),
        (a_sender("ann@other.example"), Standing.STRANGER),
        (BY_CONTACT, Standing.CONTACT),
        (BY_FREEMAIL, Standing.STRANGER),
    ],
)
def test_a_sender_is_to_an_item_what_is_proved(sender: Sender, standing: Standing) -> None:
    assert standing_of(sender, of_items(ITEM), ITEM) is standing


def test_a_stored_address_counts_at_any_mail_provider() -> None:
    item = a_held(contacts=frozenset({mailbox_key("ben@gmail.com")}))

    assert standing_of(BY_FREEMAIL, of_items(item), item) is Standing.CONTACT


def test_the_strongest_standing_counts() -> None:
    role = frozenset({mailbox_key("webmaster@example.com")})

    for item, standing in (
        (a_held(authors=role), Standing.AUTHOR),
        (a_held(authors=role, contacts=role), Standing.CONTACT),
        (a_held(), Standing.ROLE),
    ):
        assert standing_of(BY_ROLE, of_items(item), item) is standing


def test_the_host_of_an_item_s_link_speaks_for_it_as_its_source_does() -> None:
    item = a_held(hosts=frozenset({HOST, "origin.example.net"}))

    assert standing_of(a_sender("joe@example.net"), of_items(item), item) is Standing.HOST


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("ann.substack.com", "webmaster@substack.com"),
        ("ann.substack.com", "webmaster@ann.substack.com"),
        ("ann.substack.com", "bob@bob.substack.com"),
        ("ann.github.io", "webmaster@github.io"),
        ("ann.github.io", "webmaster@ann.github.io"),
        ("ann.blogspot.com", "webmaster@blogspot.com"),
        ("ann.wordpress.com", "someone@wordpress.com"),
        ("medium.com", "webmaster@medium.com"),
        ("github.com", "webmaster@github.com"),
        ("old.reddit.com", "webmaster@reddit.com"),
        ("sites.google.com", "webmaster@google.com"),
        ("gmail.com", "webmaster@gmail.com"),
        ("192.0.2.1", "webmaster@192.0.2.1"),
        ("intranet", "webmaster@intranet"),
    ],
)
@pytest.mark.parametrize("scope", [Scope.ITEM, Scope.PATH, Scope.HOST, Scope.DOMAIN])
def test_no_mail_domain_proves_what_many_share(host: str, address: str, scope: Scope) -> None:
    item, sender = a_held(host=host), a_sender(address, shared=False)
    wide = scope is not Scope.ITEM
    claim = of_scope(scope, host=host) if wide else of_items(item)

    assert standing_of(sender, claim, None if wide else item) is Standing.STRANGER


def test_a_tenant_s_feed_contact_speaks_for_the_tenant_s_host() -> None:
    assert standing_of(BY_CONTACT, of_scope(Scope.HOST, host="ann.substack.com")) is (
        Standing.CONTACT
    )


@pytest.mark.parametrize(
    ("sender", "scope", "standing"),
    [
        (BY_AUTHOR, Scope.AUTHOR, Standing.AUTHOR),
        (BY_AUTHOR, Scope.FEED, Standing.STRANGER),
        (BY_AUTHOR, Scope.HOST, Standing.STRANGER),
        (BY_CONTACT, Scope.FEED, Standing.CONTACT),
        (BY_CONTACT, Scope.HOST, Standing.CONTACT),
        (BY_CONTACT, Scope.AUTHOR, Standing.CONTACT),
        (BY_ROLE, Scope.HOST, Standing.ROLE),
        (BY_ROLE, Scope.PATH, Standing.ROLE),
        (BY_HOST, Scope.HOST, Standing.HOST),
        (BY_STRANGER, Scope.HOST, Standing.STRANGER),
        (BY_NOBODY, Scope.HOST, Standing.NOBODY),
        (nobody(AUTHOR), Scope.AUTHOR, Standing.NOBODY),
    ],
)
def test_a_sender_is_to_a_wider_scope_what_is_proved(
    sender: Sender, scope: Scope, standing: Standing
) -> None:
    assert standing_of(sender, of_scope(scope)) is standing


@pytest.mark.parametrize(
    "claim",
    [
        of_scope(Scope.AUTHOR, keys=author_keys(HOST, name="Ann")),
        of_scope(Scope.AUTHOR, keys=author_keys(HOST, name="Ann", address=AUTHOR)),
        of_scope(Scope.AUTHOR, keys=author_keys(HOST, address="bob@mail.example")),
        of_scope(Scope.AUTHOR, keys=author_keys("other.example", address=AUTHOR)),
        of_scope(Scope.AUTHOR, keys=frozenset()),
        of_scope(Scope.AUTHOR, items=(a_held(authors=frozenset({OTHER})),)),
        of_scope(Scope.AUTHOR, items=()),
    ],
    ids=["name", "name too", "another's", "another host", "no keys", "not stated", "no items"],
)
def test_an_author_speaks_only_for_what_his_own_address_marks(claim: Claim) -> None:
    assert standing_of(BY_AUTHOR, claim) is Standing.STRANGER


def test_a_contact_speaks_for_the_feed_that_named_him_and_no_other() -> None:
    elsewhere = of_scope(Scope.FEED, feed=f"https://{HOST}/comments")
    unknown = of_scope(Scope.FEED, items=(a_held(feed=""),))

    assert standing_of(BY_CONTACT, elsewhere) is Standing.STRANGER
    assert standing_of(BY_CONTACT, unknown) is Standing.STRANGER


def test_one_blogger_s_mailbox_is_not_his_university_s() -> None:
    others = a_held(2, feed=f"https://{HOST}/bob/feed", contacts=frozenset({OTHER}))
    silent = a_held(3, feed=f"https://{HOST}/carl/feed", contacts=frozenset())

    assert standing_of(BY_CONTACT, of_scope(Scope.HOST, items=(a_held(), others))) is (
        Standing.STRANGER
    )
    assert standing_of(BY_CONTACT, of_scope(Scope.HOST, items=(a_held(), silent))) is (
        Standing.CONTACT
    )


def test_the_contact_of_a_planet_does_not_speak_for_the_hosts_that_it_gathers() -> None:
    gathered = a_held(host="planet.example", hosts=frozenset({"planet.example", HOST}))

    assert standing_of(BY_CONTACT, of_scope(Scope.HOST, items=(gathered,))) is Standing.STRANGER


def test_a_department_s_webmaster_is_not_the_university_s() -> None:
    sender = a_sender("webmaster@cs.example.edu")

    for host, standing in (
        ("cs.example.edu", Standing.ROLE),
        ("blog.cs.example.edu", Standing.ROLE),
        ("example.edu", Standing.HOST),
        ("law.example.edu", Standing.HOST),
    ):
        assert standing_of(sender, of_scope(Scope.HOST, host=host)) is standing


def test_a_path_at_the_root_is_the_whole_host() -> None:
    assert covers_whole_host(of_scope(Scope.PATH, keys=frozenset({path_key(f"{HOST}/")})))
    assert not covers_whole_host(of_scope(Scope.PATH))
    assert covers_whole_host(of_scope(Scope.HOST))
    assert not covers_whole_host(of_scope(Scope.FEED))


def test_proof_is_the_strongest_and_nobody_the_weakest() -> None:
    ordered = sorted(Standing, key=strength)

    assert (ordered[0], ordered[1], ordered[-1]) == (
        Standing.NOBODY,
        Standing.STRANGER,
        Standing.PROVEN,
    )
    assert strength(Standing.HOST) < strength(Standing.ROLE) < strength(Standing.AUTHOR)
