// SPDX-License-Identifier: EUPL-1.2
import { button, h, icon } from './dom'
import { cardFront, reader } from './drawing'
import { day, t } from './i18n'
import { act, type Card, type Failure, type State } from './state'

/** The explanation of a code; what the service said for itself, in Italian, takes the place of the first sentence, or of its {}. */
export function explain(f: Failure): { what: string; card: string; act: string } {
  const c = t(), known = c.failures[f.code], e = known ?? c.failures['service-refused']!
  const said = f.text && (!known || document.documentElement.lang === 'it') ? f.text : e.what
  const what = e.what.includes('{}') ? e.what.replace('{}', () => f.text || '?') : said
  const card = f.changed && c.safe.untouched.includes(e.card) ? c.safe.changed : e.card
  return { what: [what, f.tries ? c.prompt.tries(f.tries) : ''].join(' ').trim(), card, act: e.act }
}

export function heading(text: string): HTMLElement { return h('h1', { tabindex: '-1' }, text) }

/** Failures of a card that may be the right one. */
const silent = new Set(['card-mute', 'reader-failed', 'card-busy', 'card-malformed', 'card-removed', 'card-error', 'card-reset', 'internal', 'no-card', 'no-reader', 'no-smartcard-service', 'service-not-given', 'service-malformed', 'ca-needed', 'ca-unreadable', 'settings-malformed', 'proxy-malformed'])

/** One screen of the main view, from the state alone. */
export function screen(s: State): HTMLElement {
  const c = t()
  switch (s.screen) {
    case 'starting': return panel(heading(c.starting.title), h('p', {}, c.starting.text), spinner())
    case 'no-service': {
      const e = explain({ code: 'no-smartcard-service' })
      return panel(heading(c.noService.title), h('p', {}, e.what), h('p', {}, e.act))
    }
    case 'no-reader': return panel(reader(false), heading(c.noReader.title), h('p', { class: 'lead' }, c.noReader.text), h('p', { class: 'quiet' }, c.noReader.hint))
    case 'no-card': return panel(reader(true), heading(c.noCard.title), h('p', { class: 'lead' }, c.noCard.text),
      h('p', { class: 'quiet' }, `${c.noCard.readers}: ${s.readers.map((r) => r.name).join(', ')}`))
    case 'choose': return panel(heading(c.choose.title), h('p', {}, c.choose.text),
      h('ul', { class: 'choices', role: 'list' }, ...s.readers.filter((r) => r.present).map((r) =>
        h('li', {}, button(c.choose.use(r.name), 'outline-primary', () => void act('choose', { reader: r.name }))))))
    case 'loading': return loading(s)
    case 'unreadable': return panel(notice('warning', heading(silent.has(s.failure!.code) ? c.unreadable.silent : c.unreadable.title), reasons(s.failure!, s.page)), again(c.unreadable.retry), other(s))
    case 'unknown': return panel(notice('warning', heading(s.failure!.code === 'program-too-old' ? c.unknown.tooOld : c.unknown.title), reasons(s.failure!, s.page)), summary(s.card!), again(c.unknown.retry), other(s), team())
    case 'nothing': return nothing(s)
    default: return renewable(s)
  }
}

function panel(...children: (Node | null | false)[]): HTMLElement { return h('section', { class: 'panel' }, ...children) }

function notice(kind: 'warning' | 'info', ...children: Node[]): HTMLElement {
  return h('div', { class: `notice notice-${kind}` }, icon(kind), h('div', {}, ...children))
}

function spinner(): HTMLElement { return h('div', { class: 'spinner', 'aria-hidden': 'true' }) }

function again(text: string): HTMLElement { return h('p', { class: 'actions' }, button(text, 'primary', () => void act('again'))) }

function other(s: State): HTMLElement | null {
  if (s.readers.filter((r) => r.present).length < 2) return null
  return h('p', { class: 'quiet' }, `${s.reader}. `, button(t().choose.other, 'link', () => void act('another')))
}

function team(): HTMLElement { return h('p', { class: 'quiet' }, t().team) }

function reasons(f: Failure, page?: string): HTMLElement {
  const e = explain(f)
  return h('div', {}, h('p', { class: 'lead' }, e.what), h('p', {}, e.card), h('p', {}, e.act), f.code === 'program-too-old' && page && source(page), h('p', { class: 'quiet' }, `${t().failed.code}: `, h('code', {}, f.code)))
}

/** Where the program is taken from: to be copied, and to be opened. */
function source(page: string): HTMLElement {
  return h('div', {}, h('p', { class: 'address' }, h('code', {}, page)), h('p', { class: 'actions' }, button(t().update.open, 'outline-primary', () => void act('browse'))))
}

/** The notice of a newer version, until it is put away. */
export function news(s: State, hide = true): HTMLElement | null {
  const c = t().update, u = s.update
  if (!u || u.hidden || u.state !== 'newer' && u.state !== 'unsupported') return null
  return h('section', { class: 'notice notice-info news', 'aria-labelledby': 'news' }, icon('info'), h('div', {},
    h('h2', { id: 'news' }, c.newer(u.version!)),
    h('p', {}, u.state === 'unsupported' ? c.unsupported(s.program) : c.using(s.program), ' ', c.self),
    s.page && h('p', { class: 'address' }, h('code', {}, s.page)),
    h('p', { class: 'actions' }, s.page && button(c.open, 'outline-primary', () => void act('browse')), hide && button(c.hide, 'link', () => void act('update-hide')))))
}

function loading(s: State): HTMLElement {
  const c = t().loading
  const p = panel(heading(c.title), h('p', { class: 'lead', role: 'status' }, t().T4), spinner())
  if (s.loading?.late) {
    p.append(notice('warning', h('h2', {}, c.late), h('p', {}, s.loading.waiting === 'card' ? c.card : c.service),
      h('ol', { type: 'a' }, ...c.recovery.map((r) => h('li', {}, r)))), again(t().unreadable.retry))
  }
  return p
}

function nothing(s: State): HTMLElement {
  const c = t().nothing, f = s.failure!
  const already = f.code === 'already-renewed'
  return panel(
    notice('info', heading(t().T5(s.card!.id)), h('p', { class: 'badge-line' }, h('strong', {}, already ? c.already : c.notRenewable)), reasons(f, s.page)),
    h('p', {}, s.card!.stillValid ? c.valid : c.note),
    (already || s.card!.stillValid) && h('p', {}, c.browser),
    summary(s.card!), other(s), team())
}

function summary(card: Card): HTMLElement {
  const c = t().card
  const rows: [string, Node | string][] = [[c.holder, card.holder], [c.id, card.id], [c.series, card.series.join(', ')]]
  for (const x of card.certificates ?? []) rows.push([x.renewed ? c.renewed : c.certificate, x.expired ? c.ended(day(x.notAfter)) : c.until(day(x.notAfter))])
  return h('dl', { class: 'summary' }, ...rows.map(([k, v]) => h('div', {}, h('dt', {}, k), h('dd', {}, v))))
}

function renewable(s: State): HTMLElement {
  const c = t().card, card = s.card!
  const current = card.certificates?.[0]
  const chosen = { series: card.series.length === 1 ? card.series[0]! : '', campaign: '' }
  const facts = h('dl', { class: 'summary' },
    h('div', {}, h('dt', {}, c.holder), h('dd', {}, card.holder)),
    h('div', {}, h('dt', {}, c.id), h('dd', {}, card.id)),
    current && h('div', {}, h('dt', {}, c.certificate), h('dd', { class: current.expired ? 'old' : '' }, current.expired ? c.ended(day(current.notAfter)) : c.until(day(current.notAfter)))),
    !card.campaigns && h('div', { class: 'new' }, h('dt', {}, c.next), h('dd', {}, card.newNotAfter ? c.until(day(card.newNotAfter)) : c.nextYear)))
  const missing = h('p', { class: 'field-error', id: 'campaign-error', role: 'alert' })
  const among = card.campaigns && h('fieldset', { class: 'sigle campaigns', 'aria-describedby': 'campaign-error' }, h('legend', {}, c.campaigns),
    ...card.campaigns.map((x) => h('label', {},
      h('input', { type: 'radio', name: 'campaign', value: x.id, onchange: () => { chosen.campaign = x.id; missing.textContent = '' } }),
      h('span', {}, c.campaign(x.title, x.newNotAfter ? c.until(day(x.newNotAfter)) : c.nextYear)))), missing)
  const renew = () => {
    if (among && !chosen.campaign) {
      missing.textContent = c.campaignMissing
      among.querySelector('input')?.focus()
    } else void act('renew', { series: chosen.series, campaign: chosen.campaign })
  }
  const draw = h('div', { class: 'figure' }, cardFront(chosen.series))
  const pick = card.series.length === 1
    ? h('p', {}, c.siglaOne(card.series[0]!))
    : h('fieldset', { class: 'sigle' }, h('legend', {}, c.siglaMany),
      ...[...card.series, ''].map((x) => h('label', {},
        h('input', { type: 'radio', name: 'sigla', value: x, checked: x === '', onchange: () => { chosen.series = x; draw.replaceChildren(cardFront(x)) } }),
        h('span', {}, x || c.siglaUnknown))))
  const start = button(card.begun ? c.resume : t().T6, 'primary', renew, { id: 'renew', class: 'btn btn-primary btn-lg' })
  return panel(
    heading(c.title),
    card.begun ? notice('warning', h('h2', {}, c.begun), h('p', {}, c.begunText)) : h('p', { class: 'lead' }, c.renewable),
    facts, among ?? null,
    h('div', { class: 'side' }, draw, h('div', {}, h('h2', {}, c.sigla), h('p', { class: 'quiet' }, c.siglaText), pick)),
    h('p', {}, card.needsPuk ? c.timePuk : c.time),
    h('p', { class: 'actions' }, start),
    team(), other(s))
}
