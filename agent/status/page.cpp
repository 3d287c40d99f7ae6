#include "agent/status/page.h"

namespace lockstep::status {
namespace {

constexpr std::string_view html = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>lockstep</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #888; --good: #2a8a4a; --busy: #2a6fc0; --bad: #c03a2a; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
small, .soft { color: var(--soft); font-weight: normal; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .busy { color: var(--busy); } .bad { color: var(--bad); }
.trouble td { border-bottom: 0; padding-left: 1.6rem; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>lockstep <small id="about">…</small></h1>
<div id="mappings"></div>
<script>
'use strict';
const classes = {live: 'good', in_step: 'good', scanning: 'busy', rescanning: 'busy', connecting: 'busy', syncing: 'busy'};
function element(tag, text, name) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}
function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (n >= 1024 && at < units.length - 1) { n /= 1024; at += 1; }
  return (at ? n.toFixed(1) : n) + ' ' + units[at];
}
function span(ms) {
  if (ms < 1000) return ms + ' ms';
  if (ms < 120000) return (ms / 1000).toFixed(1) + ' s';
  return Math.round(ms / 60000) + ' min';
}
function state(name) { return element('td', name.replace('_', ' '), classes[name] || 'bad'); }
function row(table, cells) {
  const line = table.insertRow();
  for (const cell of cells) line.append(cell);
  return line;
}
function trouble(table, error) {
  const line = row(table, [element('td', error.kind + ': ' + error.message, 'bad')]);
  line.className = 'trouble';
  line.cells[0].colSpan = 6;
  for (const path of error.paths) line.cells[0].append(element('div', path, 'soft'));
  if (error.advice) line.cells[0].append(element('div', error.advice, 'soft'));
}
function mapping(m) {
  const block = element('section');
  const head = element('h2', m.name + ' ');
  head.append(element('small', m.source + ' · ' + m.directories + ' directories · '));
  head.append(element('small', m.state.replace('_', ' '), classes[m.state] || 'bad'));
  block.append(head);
  if (m.detail) block.append(element('div', m.detail, 'soft'));
  const table = element('table');
  row(table, ['destination', 'state', 'pending', 'lag', 'files', 'sent'].map(
    (title, i) => element('th', title, i > 1 ? 'number' : '')));
  for (const d of m.destinations) {
    row(table, [element('td', d.url), state(d.state), element('td', d.pending, 'number'),
      element('td', span(d.lag_ms), 'number'), element('td', d.files_sent, 'number'),
      element('td', bytes(d.bytes_sent), 'number')]);
    if (d.last_error) trouble(table, d.last_error);
  }
  block.append(table);
  return block;
}
async function refresh() {
  const about = document.getElementById('about');
  try {
    const answer = await fetch('/v1/status', {cache: 'no-store'});
    if (!answer.ok) throw new Error('status ' + answer.status);
    const s = await answer.json();
    about.textContent = s.version + ' · pid ' + s.pid + ' · ' + s.state + ' since ' + s.started_at;
    about.className = '';
    document.getElementById('mappings').replaceChildren(...s.mappings.map(mapping));
  } catch (failure) {
    about.textContent = 'no answer: ' + failure.message;
    about.className = 'bad';
  }
  setTimeout(refresh, 1000);
}
refresh();
</script>
</body>
</html>
)html";

}  // namespace

std::string_view page() noexcept
{
    return html;
}

}  // namespace lockstep::status
