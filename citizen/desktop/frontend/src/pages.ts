// SPDX-License-Identifier: EUPL-1.2
import { button, h } from './dom'
import { t } from './i18n'
import { explain, heading, news } from './screens'
import { diagnosis, type Diagnosis, type State } from './state'

export type Page = 'card' | 'diagnosis' | 'about' | 'accessibility'

export function pageOf(hash: string): Page {
  const p = hash.replace('#', '')
  return p === 'diagnosis' || p === 'about' || p === 'accessibility' ? p : 'card'
}

export function page(p: Exclude<Page, 'card'>, s: State): HTMLElement {
  return p === 'diagnosis' ? diagnosisPage() : p === 'about' ? about(s) : accessibility()
}

function list(items: string[]): HTMLElement { return h('ul', {}, ...items.map((x) => h('li', {}, x))) }

function diagnosisPage(): HTMLElement {
  const c = t().diagnosis
  const facts = h('div', { role: 'status' }, h('p', {}, c.wait))
  const load = () => diagnosis().then((d) => facts.replaceChildren(rows(d))).catch(() => facts.replaceChildren(h('p', {}, t().lost.text)))
  void load()
  return h('section', { class: 'panel' }, heading(c.title), h('p', {}, c.intro), facts, h('p', { class: 'actions' }, button(c.refresh, 'outline-primary', () => void load())))
}

function rows(d: Diagnosis): HTMLElement {
  const c = t().diagnosis
  const readers = d.readers.map((r) => `${r.name}: ${r.mute ? c.mute : r.present ? c.inserted : c.empty}`)
  const row = (k: string, v: string) => h('div', {}, h('dt', {}, k), h('dd', {}, v))
  return h('dl', { class: 'summary' },
    row(c.program, d.program), row(c.system, d.system), row(c.smartCard, d.smartCard ? c.ok : `${c.ko}. ${explain({ code: 'no-smartcard-service' }).act}`),
    row(c.readers, readers.join('; ') || c.none), row(c.card, d.card ? `${d.card.model} (${d.card.series.join(', ')}), ${d.card.id}` : c.noCard),
    row(c.service, `${d.service || c.none}: ${d.answer ? explain({ code: d.answer }).what : c.ok}`), row(c.clock, d.clock))
}

/** What is known of newer versions, in a line. */
function updates(s: State): HTMLElement | null {
  const c = t().update, u = s.update
  if (!u) return null
  switch (u.state) {
    case 'checking': return h('p', { role: 'status' }, c.checking)
    case 'current': return h('p', {}, c.current)
    case 'off': return h('p', {}, c.off)
    case 'no-key': return h('p', {}, c.noKey)
    case 'failed': return h('p', {}, `${c.unknown} ${explain({ code: u.code!, text: u.text }).what}`)
  }
  return news({ ...s, update: { ...u, hidden: false } }, false)
}

function about(s: State): HTMLElement {
  const c = t().about
  return h('section', { class: 'panel' }, heading(c.title), h('p', { class: 'lead' }, c.version(s.program)), updates(s), h('p', {}, c.text), h('p', {}, c.licence), h('p', {}, c.fonts), h('p', {}, c.independent),
    h('h2', {}, c.privacy), h('h3', {}, c.sentTitle), list(c.sent), h('h3', {}, c.neverTitle), list(c.never))
}

function accessibility(): HTMLElement {
  const c = t().accessibility
  return h('section', { class: 'panel' }, heading(c.title), h('p', { class: 'lead' }, c.text), list(c.list), h('h2', {}, c.state), h('p', {}, c.stateText))
}
