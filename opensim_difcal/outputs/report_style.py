"""How the report looks on screen and on paper."""

STYLE = """
:root { --text: #1b1f24; --quiet: #57606a; --line: #d0d7de; --blue: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 1060px; color: var(--text); background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
header p, figcaption, .quiet { color: var(--quiet); }
p, ul, figcaption { max-width: 75ch; }
ul { padding-left: 1.3rem; }
nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; }
a { color: var(--blue); }
.box { border: 1px solid var(--line); border-left: .6rem solid; border-radius: .3rem; padding: .8rem 1.1rem;
  margin: 1rem 0; break-inside: avoid; }
.box ul, .box li { max-width: none; }
.box ul { list-style: none; padding: 0; margin: .4rem 0 0; }
.box li { margin: .25rem 0; display: grid; grid-template-columns: 1.6rem 1fr; }
.verdict { margin: 0; font-size: 1.35rem; font-weight: 700; }
.box.good { border-left-color: #009e73; background: #f2faf7; }
.box.care { border-left-color: #e69f00; background: #fff9ec; }
.box.none { border-left-color: #d55e00; background: #fdf3ee; }
.mark { font-weight: 700; }
.mark.good { color: #00755a; } .mark.care { color: #8a5f00; } .mark.none { color: #b34700; }
.headline { font-size: 1.05rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .4rem; }
th, td { padding: .3rem .45rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th[scope=row], thead th:first-child { text-align: left; white-space: normal; max-width: 11rem; }
thead th { border-bottom: 2px solid var(--text); vertical-align: bottom; white-space: normal; }
td.low { color: #b34700; font-weight: 700; }
td.bound { background: #fdf3ee; color: #b34700; font-weight: 700; }
td.words, thead th.words { text-align: left; white-space: normal; }
details table { font-size: .77rem; }
td small { display: block; color: var(--quiet); font-weight: 400; }
figure { margin: 1.4rem 0; break-inside: avoid; }
figure img { width: 100%; height: auto; display: block; }
figcaption { font-size: .92rem; margin-top: .4rem; }
details { border: 1px solid var(--line); border-radius: .3rem; padding: .5rem .9rem; margin: 1rem 0; }
summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; font-size: .8rem; background: #f6f8fa; padding: .8rem; }
@media print {
  @page { margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  h2 { break-after: avoid; }
  details::details-content { content-visibility: visible; height: auto; }
  pre { white-space: pre-wrap; }
  .wide { overflow: visible; }
  table { font-size: 7.5pt; }
  th, td { padding: .1rem .3rem; white-space: normal; }
  tr { break-inside: avoid; }
  .box, td.bound { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
