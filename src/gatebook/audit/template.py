"""The page of the report: its markup and its style, both in one place, nothing loaded."""

from typing import Final

__all__ = ["STYLE", "TEMPLATE"]

STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--paper:#fff;--line:#d0d7de;
--panel:#f6f8fa;--good:#116329;--good-bg:#dafbe1;--bad:#a40e26;--bad-bg:#ffebe9}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--paper:#0d1117;
--line:#3d444d;--panel:#161b22;--good:#7ee787;--good-bg:#12261e;--bad:#ffa198;--bad-bg:#2d1517}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:75rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0 0 1rem}
h2{font-size:1.2rem;margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line)}
.verdict{padding:1rem 1.25rem;border:2px solid;border-radius:.5rem}
.verdict p{margin:.25rem 0;color:var(--ink)}
.verdict .word{font-size:1.4rem;font-weight:700;color:inherit}
.allow{color:var(--good);background:var(--good-bg)}
.deny,.undecided{color:var(--bad);background:var(--bad-bg)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{border:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top;
overflow-wrap:break-word}
thead th{background:var(--panel)}
th[scope=row]{font-weight:600}
.word-pass,.word-waived{color:var(--good);font-weight:600}
.word-fail,.word-missing,.word-error{color:var(--bad);font-weight:600}
code,.wide{overflow-wrap:anywhere}
code{font:.9em ui-monospace,monospace}
pre{background:var(--panel);border:1px solid var(--line);padding:.75rem;overflow-x:auto}
svg{max-width:100%;height:auto}
svg rect{fill:var(--panel);stroke:var(--line)}
svg .good rect{stroke:var(--good);stroke-width:2}
svg .bad rect{stroke:var(--bad);stroke-width:2;stroke-dasharray:6 3}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}
svg .title{font-weight:700}
svg .time{fill:var(--soft);font-size:11px}
svg line,svg path{stroke:var(--soft);fill:var(--soft)}
footer{margin-top:3rem;color:var(--soft);border-top:1px solid var(--line)}
@media print{:root{--ink:#000;--soft:#333;--paper:#fff;--line:#999;--panel:#fff;--good:#000;
--good-bg:#fff;--bad:#000;--bad-bg:#fff}body{max-width:none;padding:0;font-size:10pt}
h2{break-after:avoid}tr{break-inside:avoid}.scroll{overflow:visible}}
"""

TEMPLATE: Final = """\
{% macro entry(number) %}<a href="#entry-{{ number }}">{{ number }}</a>{% endmacro %}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'sha256-{{ style_hash }}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="gatebook-report" content="{{ version }}">
<title>{{ headline }}: {{ decision.name or decision.subject.short }} for \
{{ decision.environment }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<header>
<h1>Decision of entry {{ index }} in {{ contents.origin }}</h1>
<div class="verdict {{ decision.verdict.value }}">
<p class="word">{{ headline }}</p>
<p>{{ decision.reason.message }} <code>{{ decision.reason.code }}</code></p>
<p>Judged at <time datetime="{{ decision.instant }}">{{ decision.instant }}</time> for \
{{ decided_by }} by <code>{{ decision.engine }}</code>, over the first {{ decision.size }} \
entries.{% if decision.valid_until %} It lapses after \
<time datetime="{{ decision.valid_until }}">{{ decision.valid_until }}</time>.{% endif %}</p>
</div>
</header>
<main>
<section aria-labelledby="way">
<h2 id="way">How it got here</h2>
<svg viewBox="0 0 870 112" width="870" height="112" role="img" aria-labelledby="way-text">
<title id="way-text">{% for box in boxes %}{{ box.stage.title }}: {{ box.stage.line }}\
{% if box.stage.time %} at {{ box.stage.time }}{% endif %}. {% endfor %}</title>
{% for box in boxes %}
{% if box.arrow_from is not none %}
<line x1="{{ box.arrow_from }}" y1="{{ box.middle }}" x2="{{ box.x - 7 }}" y2="{{ box.middle }}"/>
<path d="M{{ box.x - 9 }} {{ box.middle - 5 }}L{{ box.x - 1 }} {{ box.middle }}\
L{{ box.x - 9 }} {{ box.middle + 5 }}z"/>
{% endif %}
<g class="{{ box.stage.mark.value }}">
<rect x="{{ box.x }}" y="{{ box.y }}" width="{{ box.width }}" height="{{ box.height }}" rx="6"/>
<text class="title" x="{{ box.x + 10 }}" y="{{ box.y + 26 }}">{{ box.stage.title }}</text>
<text x="{{ box.x + 10 }}" y="{{ box.y + 52 }}">{{ box.stage.line }}</text>
<text class="time" x="{{ box.x + 10 }}" y="{{ box.y + 76 }}">{{ box.stage.time }}</text>
</g>
{% endfor %}
</svg>
</section>
<section aria-labelledby="candidate">
<h2 id="candidate">Candidate</h2>
<div class="scroll"><table>
<caption>What was to be deployed, and where its recorder says it comes from</caption>
<tbody>
{% for line in candidate %}
<tr><th scope="row">{{ line.name }}</th><td><code>{{ line.text }}</code></td></tr>
{% endfor %}
</tbody></table></div>
</section>
<section aria-labelledby="controls">
<h2 id="controls">Controls</h2>
{% if controls %}
<div class="scroll"><table>
<caption>Each demand of the contract, in its order; only enforced ones block</caption>
<thead><tr><th scope="col">Control</th><th scope="col">Mode</th><th scope="col">Status</th>\
<th scope="col">Expected</th><th scope="col">Found</th><th scope="col">Entries</th>\
<th scope="col">How to fix</th></tr></thead>
<tbody>
{% for row in controls %}
{% set finding = row.outcome.finding %}
<tr><th scope="row">{{ row.outcome.control }}\
{% if row.outcome.uses != row.outcome.control | string %} (uses {{ row.outcome.uses }})\
{% endif %}</th>
<td>{{ row.outcome.mode.value }}</td>
<td class="word-{{ finding.status.value }}">{{ finding.status.value }}</td>
<td class="wide">{{ finding.expected }}</td>
<td class="wide">{{ finding.found }} <code>{{ finding.code }}</code>{% if finding.until %} (until \
{{ finding.until }}){% endif %}</td>
<td>{% for number in row.entries %}{{ entry(number) }}{{ ", " if not loop.last }}{% endfor %}</td>
<td class="wide">{{ finding.fix }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>No control was judged.</p>
{% endif %}
</section>
{% if facts is none %}
<section aria-labelledby="unread">
<h2 id="unread">Facts</h2>
<p>What the decision weighed cannot be read any more, so approvals and signers are not shown.</p>
</section>
{% else %}
<section aria-labelledby="approvals">
<h2 id="approvals">Approvals</h2>
{% if approvals %}
<div class="scroll"><table>
<caption>Approvals of this artifact for {{ decision.environment }}, as of the decision</caption>
<thead><tr><th scope="col">Entry</th><th scope="col">Approver</th><th scope="col">Role</th>\
<th scope="col">Given</th><th scope="col">Ends</th><th scope="col">State</th></tr></thead>
<tbody>
{% for row in approvals %}
<tr><th scope="row">{{ entry(row.index) }}</th><td>{{ row.approver }}</td><td>{{ row.role }}</td>\
<td>{{ row.granted }}</td><td>{{ row.expires }}</td><td>{{ row.state }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>Nobody had approved it.</p>
{% endif %}
<div class="scroll"><table>
<caption>Who had a hand in it, and may therefore be barred from approving</caption>
<thead><tr><th scope="col">Who</th><th scope="col">Why</th></tr></thead>
<tbody>
{% for line in barred %}
<tr><th scope="row">{{ line.name }}</th><td>{{ line.text }}</td></tr>
{% else %}
<tr><th scope="row">nobody</th><td>neither an author nor a builder is known</td></tr>
{% endfor %}
</tbody></table></div>
</section>
<section aria-labelledby="signers">
<h2 id="signers">Signers</h2>
{% if signers %}
<div class="scroll"><table>
<caption>Keys whose signatures were believed</caption>
<thead><tr><th scope="col">Key (SHA-256 of its SPKI)</th><th scope="col">Holder</th>\
<th scope="col">Identity</th><th scope="col">Signed entries</th></tr></thead>
<tbody>
{% for row in signers %}
<tr><th scope="row"><code>{{ row.key }}</code></th><td>{{ row.holder }}</td>\
<td>{{ row.identity }}</td><td>{{ row.entries }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>No signature was believed.</p>
{% endif %}
</section>
{% endif %}
<section aria-labelledby="deployments">
<h2 id="deployments">Deployments under this decision</h2>
{% if deployments %}
<div class="scroll"><table>
<caption>What was reported to have been done under this decision</caption>
<thead><tr><th scope="col">Entry</th><th scope="col">Received</th><th scope="col">Environment</th>\
<th scope="col">Kind</th><th scope="col">Reported by</th><th scope="col">What</th></tr></thead>
<tbody>
{% for row, environment in deployments %}
<tr><th scope="row">{{ entry(row.index) }}</th><td>{{ row.time }}</td><td>{{ environment }}</td>\
<td>{{ row.kind }}</td><td>{{ row.actor }}</td><td>{{ row.what }}</td></tr>
{% endfor %}
</tbody></table></div>
{% else %}
<p>None is recorded.</p>
{% endif %}
</section>
<section aria-labelledby="timeline">
<h2 id="timeline">Timeline</h2>
<div class="scroll"><table>
<caption>Every entry of this package; the order is that of the log</caption>
<thead><tr><th scope="col">Entry</th><th scope="col">Received</th><th scope="col">Kind</th>\
<th scope="col">Actor</th><th scope="col">What</th><th scope="col">Why it is here</th></tr></thead>
<tbody>
{% for row in timeline %}
<tr id="entry-{{ row.index }}"><th scope="row">{{ row.index }}</th>
<td><time datetime="{{ row.time }}">{{ row.time }}</time>{% if row.occurred %}<br>happened \
{{ row.occurred }}{% endif %}</td>
<td>{{ row.kind }}</td><td>{{ row.actor }}</td><td>{{ row.what }}</td>\
<td>{{ contents.reason_for(row.index) }}</td></tr>
{% endfor %}
</tbody></table></div>
</section>
<section aria-labelledby="digests">
<h2 id="digests">Digests</h2>
<div class="scroll"><table>
<caption>What the decision rests on, by digest</caption>
<tbody>
<tr><th scope="row">Decision</th><td><code>{{ decision.digest }}</code></td></tr>
<tr><th scope="row">Contract</th><td><code>{{ decision.contract or "none" }}</code></td></tr>
<tr><th scope="row">Trust root</th><td><code>{{ decision.trust_root or "none" }}</code></td></tr>
<tr><th scope="row">Checkpoint</th><td>{{ contents.size }} entries, root \
<code>{{ root }}</code></td></tr>
<tr><th scope="row">Log key</th><td><code>{{ contents.log_key.vkey }}</code></td></tr>
</tbody></table></div>
<div class="scroll"><table>
<caption>Documents in this package</caption>
<thead><tr><th scope="col">Digest</th><th scope="col">What</th>\
<th scope="col">Here</th></tr></thead>
<tbody>
{% for digest, what in documents %}
<tr><th scope="row"><code>{{ digest }}</code></th><td>{{ what }}</td>\
<td>{{ "absent: the book does not hold it any more" if digest in absent else "yes" }}</td></tr>
{% endfor %}
</tbody></table></div>
</section>
<section aria-labelledby="verify">
<h2 id="verify">How to verify this</h2>
<p>Install Gatebook on a machine of your own; no network, account or book is needed. Take the
log's key from a source other than this package, and compare it with the one above.</p>
<pre><code>gatebook verify PACKAGE --log-key '{{ contents.log_key.vkey }}'</code></pre>
<p>This checks the signature of the log, the proof of each entry, the hash of each document, and
that judging the same facts by the same contract gives this decision again, byte for byte. It also
renders this page again and compares it. It cannot show that nothing else was in the log: for that,
compare the whole log.</p>
</section>
</main>
<footer><p>Gatebook audit report, version <code>{{ version }}</code>.</p></footer>
</body>
</html>
"""
