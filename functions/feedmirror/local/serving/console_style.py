"""How the local console looks: the system's own colours and type, by day and by night."""

STYLE = """\
:root { color-scheme: light dark; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 80rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.125rem; margin: 2rem 0 0.5rem; }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
th, td { padding: 0.375rem 1rem 0.375rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
td { overflow-wrap: break-word; word-break: normal; }
tr { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
td[data-column="command"], td[data-column="mail"] { font-family: ui-monospace, monospace; }
td[data-column$="poll"], td[data-column="until"] { white-space: nowrap; }
td[data-column="feed"], td[data-column="mail"] { overflow-wrap: anywhere; min-width: 12rem; }
.note { padding: 0.5rem 1rem; border-left: 0.25rem solid #b45309; }
@media (max-width: 48rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table, tbody, tr, td { display: block; }
  tr { padding: 0.5rem 0; }
  td { padding: 0.125rem 0; overflow-wrap: anywhere; white-space: normal; }
  td:empty { display: none; }
  td::before { content: attr(data-column) ": "; font-family: system-ui, sans-serif; opacity: 0.75; }
}
"""
