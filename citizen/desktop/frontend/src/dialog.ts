// SPDX-License-Identifier: EUPL-1.2
import { button, h, icon } from './dom'
import { cardFront } from './drawing'
import { day, moment, t } from './i18n'
import { codeField } from './code'
import { explain } from './screens'
import { act, type Contents, type State } from './state'

const body = h('div', { class: 'dialog-body' })
const said = h('p', { class: 'visually-hidden', role: 'status' })
const title = h('p', { class: 'dialog-title', id: 'dialog-title' })
const closeButton = h('button', { type: 'button', class: 'close', onclick: () => leave() }, icon('close'))
export const dialog = h('dialog', { 'aria-labelledby': 'dialog-title', oncancel: (e: Event) => { e.preventDefault(); leave() } },
  h('div', { class: 'dialog-head' }, title, closeButton), body, said)

let shown = ''
let leave: () => void = () => {}

/** Whether the window "Rinnovo certificato" is what the state asks for. */
export function wanted(s: State): boolean { return ['prompt', 'running', 'failed', 'done'].includes(s.screen) }

/** Forgets what is shown, so that it is drawn anew in another language. */
export function redraw(): void { shown = '' }

export function show(s: State): void {
  if (!wanted(s)) {
    if (dialog.open) dialog.close()
    shown = ''
    return
  }
  title.textContent = t().T7
  if (!dialog.open) dialog.showModal()
  const key = keyOf(s)
  if (key !== shown) {
    shown = key
    leave = () => {}
    body.replaceChildren(...draw(s))
    closeButton.hidden = s.screen === 'running' || !!s.closing
    closeButton.setAttribute('aria-label', t().prompt.close)
    const first = body.querySelector<HTMLElement>('[data-first]') ?? body.querySelector<HTMLElement>('h2')
    first?.focus()
  }
  update(s)
}

/** What makes a drawing another one; what only moves is left to update. */
function keyOf(s: State): string {
  if (s.closing) return 'closing'
  switch (s.screen) {
    case 'prompt': return `prompt ${s.prompt!.id}`
    case 'running': return 'running'
    case 'failed': return `failed ${s.failure!.code} ${JSON.stringify(s.report)}`
    default: return `done ${s.done!.phase} ${JSON.stringify(s.done!.problem)} ${s.done!.expired ?? ''}`
  }
}

function draw(s: State): Node[] {
  if (s.closing) return closing()
  switch (s.screen) {
    case 'prompt': return s.prompt!.kind === 'pin' || s.prompt!.kind === 'puk' ? code(s) : s.prompt!.kind === 'series' ? series(s) : lastTry(s)
    case 'running': return running()
    case 'failed': return failed(s)
    default: return done(s)
  }
}

function title2(text: string, mark?: 'ok' | 'error'): HTMLElement {
  return h('h2', { tabindex: '-1', class: mark ? `outcome outcome-${mark}` : '' }, mark && icon(mark), h('span', {}, text))
}

/** T8 to T12, T15 and T16. */
function code(s: State): Node[] {
  const c = t(), p = s.prompt!, puk = p.kind === 'puk'
  const back = () => void act(`back?prompt=${p.id}`)
  leave = back
  const field = codeField(p)
  return [
    title2(c.T8),
    h('p', { class: 'lead', id: 'instruction' }, puk ? c.T15 : c.T9),
    ...(puk ? [h('div', { class: 'notice notice-warning' }, icon('warning'), h('div', {}, h('p', {}, c.prompt.puk), h('p', {}, p.repeated ? c.prompt.pukWayRepeated : c.prompt.pukWay)))] : []),
    h('form', { novalidate: true, onsubmit: (e: Event) => { e.preventDefault(); field.send() } },
      field.element,
      !puk && h('p', { class: 'quiet' }, c.prompt.pinHelp),
      h('div', { class: 'actions two' }, button(c.T11, 'outline-primary', back), h('button', { type: 'submit', class: 'btn btn-primary' }, c.T12))),
  ]
}

function lastTry(s: State): Node[] {
  const c = t().prompt, p = s.prompt!
  const no = () => void act(`answer?prompt=${p.id}`, { answer: '' })
  leave = no
  return [title2(c.lastTitle), h('p', { class: 'lead' }, p.puk ? c.lastPuk : c.lastPin),
    h('div', { class: 'actions two' }, button(c.lastNo, 'primary', no), button(c.lastYes, 'outline-primary', () => void act(`answer?prompt=${p.id}`, { answer: 'yes' })))]
}

function series(s: State): Node[] {
  const p = s.prompt!, back = () => void act(`back?prompt=${p.id}`)
  leave = back
  return [title2(t().prompt.seriesTitle), h('div', { class: 'figure' }, cardFront('')), h('p', {}, t().card.siglaText),
    h('ul', { class: 'choices', role: 'list' }, ...(p.options ?? []).map((x) => h('li', {}, button(x, 'outline-primary', () => void act(`answer?prompt=${p.id}`, { answer: x }))))),
    h('div', { class: 'actions' }, button(t().T11, 'link', back))]
}

const bar = h('div', { class: 'bar' })
const track = h('div', { class: 'track', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100' }, bar)
const stage = h('p', { class: 'stage' })
const note = h('p', { class: 'quiet' })

/** T13 above the bar, the stage below it. */
function running(): Node[] {
  track.setAttribute('aria-label', t().progress.bar)
  return [title2(t().T13), track, stage, note,
    h('div', { class: 'notice notice-warning' }, icon('warning'), h('div', {}, h('p', { class: 'lead' }, t().progress.keep), h('p', {}, t().progress.safe)))]
}

/** Changes what moves, and says it. */
function update(s: State): void {
  const c = t()
  if (s.screen === 'running' && s.progress) {
    const p = s.progress
    const text = p.waiting ? (p.position ? c.progress.queue(p.position, p.seconds ?? 0) : c.progress.wait(p.seconds ?? 0)) : c.stages[p.step] ?? ''
    if (stage.textContent !== text) {
      stage.textContent = text
      said.textContent = text
    }
    note.textContent = p.note ? c.notes[p.note] ?? '' : ''
    bar.style.width = `${p.percent}%`
    track.classList.toggle('endless', p.endless)
    if (p.endless) track.removeAttribute('aria-valuenow')
    else track.setAttribute('aria-valuenow', String(p.percent))
  }
  if (s.screen === 'done') {
    const left = body.querySelector('#left')
    if (left) left.textContent = c.done.left(s.done!.seconds ?? 0)
  }
}

/** Counts the minute down between two states; the program decides when it is over. */
setInterval(() => {
  const left = body.querySelector('#left')
  const n = left && /\d+/.exec(left.textContent ?? '')
  if (left && n && Number(n[0]) > 0) left.textContent = t().done.left(Number(n[0]) - 1)
}, 1000)

function failed(s: State): Node[] {
  const c = t().failed, f = s.failure!, e = explain(f)
  const shut = () => void act('close')
  leave = shut
  const dl = h('dl', { class: 'explained' },
    h('div', {}, h('dt', {}, c.what), h('dd', {}, e.what)), h('div', {}, h('dt', {}, c.card), h('dd', {}, e.card)), h('div', {}, h('dt', {}, c.act), h('dd', {}, e.act)),
    h('div', {}, h('dt', {}, c.code), h('dd', {}, h('code', {}, f.code), f.step ? ` (${c.step}: ${(t().stages[f.step] ?? f.step).replace(/[ .]+$/, '')})` : '')))
  const answer = s.report?.path ? h('p', { class: 'notice-line', role: 'status' }, c.saved(s.report.path))
    : s.report?.code ? h('p', { class: 'field-error', role: 'alert' }, explain({ code: s.report.code }).what) : null
  const out: Node[] = [title2(t().T17, 'error'), dl,
    h('p', {}, c.report[0], h('button', { type: 'button', class: 'link', id: 'report', onclick: () => void act('report') }, t().T18), c.report[1])]
  if (answer) out.push(answer)
  if (s.contents) out.push(h('section', { class: 'contents', 'aria-labelledby': 'contents' }, h('h3', { id: 'contents' }, c.contents), inside(s.contents), h('p', {}, c.contentsNever)))
  out.push(h('div', { class: 'actions' }, button(t().T21, 'primary', shut)))
  return out
}

/** What the error report would hold, item by item. */
function inside(r: Contents): HTMLElement {
  const c = t().failed.inside, rows: [string, string][] = [
    [c.created, moment(r.created)], [c.program, `${r.program.name} ${r.program.version}`], [c.system, [r.system.os, r.system.arch, r.system.release].filter(Boolean).join(' ')]]
  if (r.drivers) rows.push([c.drivers, r.drivers.map((d) => `${d.name} ${d.version}`).join('; ')])
  if (r.readers) rows.push([c.readers, r.readers.map((x) => x.used ? c.used(x.name) : x.card ? c.withCard(x.name) : x.name).join('; ')])
  if (r.card) rows.push([c.card, [r.card.model, r.card.series?.join(', '), `ATR ${r.card.atr}`].filter(Boolean).join('; ')])
  rows.push([c.failure, [r.failure.code, r.failure.statusWord && c.statusWord(r.failure.statusWord), r.failure.tries !== undefined && t().prompt.tries(r.failure.tries)].filter(Boolean).join('; ')])
  const steps = [...new Set((r.steps ?? []).filter((x) => x.state !== 'skipped').map((x) => x.name))].map((x) => t().stages[x]?.replace(/[ .]+$/, '')).filter(Boolean)
  if (steps.length) rows.push([c.steps, steps.join('; ')])
  if (r.requests) rows.push([c.requests, r.requests.map((x) => x.id.slice(0, 8) + '…').join(', ')])
  if (r.transcript) rows.push([c.transcript, c.entries(r.transcript.entries)])
  return h('dl', { class: 'explained' }, ...rows.map(([k, v]) => h('div', {}, h('dt', {}, k), h('dd', {}, v))))
}

/** T20 and CHIUDI, with steps 14 and 15 of the guide. */
function done(s: State): Node[] {
  const c = t().done, d = s.done!
  const busy = d.phase === 'check' || d.phase === 'login'
  const shut = () => { if (!busy) void act('close') }
  leave = shut
  const order = ['remove', 'wait', 'insert', 'seen']
  const at = { remove: 0, wait: 1, insert: 2, check: 2, seen: 3, login: 3, entered: d.login?.accepted ? 4 : 3 }[d.phase]
  const problem = d.problem && h('div', { class: 'field-error', role: 'alert' }, h('p', {}, explain(d.problem).what), h('p', {}, explain(d.problem).act))
  const more: Record<number, (Node | null | undefined | false)[]> = {
    1: [h('p', { class: 'left', id: 'left' }, c.left(d.seconds ?? 0)), h('div', { class: 'actions' }, button(c.skip, 'outline-primary', () => void act('skip')), button(c.extend, 'link', () => void act('extend')))],
    2: [d.phase === 'check' && h('p', { role: 'status' }, c.checking), problem],
    3: [d.phase === 'seen' && h('p', { class: 'notice-line' }, c.seen), d.phase === 'login' && h('p', { role: 'status' }, c.trying), problem,
      d.expired && h('p', {}, c.expired),
      !busy && d.canLogin && h('div', { class: 'actions' }, button(problem ? c.again : c.tryLogin, 'primary', () => void act('login'), { 'data-first': true }))],
  }
  const items = [c.remove, c.wait, c.insert, c.login].map((text, i) => h('li', { class: i < at ? 'past' : i === at ? 'now' : '', 'aria-current': i === at ? 'step' : undefined },
    h('span', {}, text, i < at && h('span', { class: 'visually-hidden' }, ` ${c.completed}`)), ...(i === at ? more[i] ?? [] : [])))
  const entered = d.phase === 'entered' && d.login?.accepted && h('p', { class: 'notice-line', role: 'status' }, c.entered(d.login.name, d.login.codiceFiscaleMasked, day(d.login.notAfter)))
  const out: (Node | null | undefined | false)[] = [title2(t().T20, 'ok'), h('p', { class: 'lead' }, c.until(day(d.notAfter))), entered,
    h('h3', {}, c.next), h('ol', { class: 'after', 'data-steps': String(order.length) }, ...items),
    h('p', {}, c.browser), h('p', { class: 'quiet' }, t().team),
    h('div', { class: 'actions' }, button(t().T21, at === 4 ? 'primary' : 'outline-primary', shut, { disabled: busy }))]
  said.textContent = d.phase === 'remove' ? '' : [c.remove, c.wait, c.insert, c.seen, ''][at] ?? ''
  return out.filter((x): x is Node => !!x)
}

function closing(): Node[] {
  const c = t().closing
  leave = () => void act('stay')
  said.textContent = c.text
  return [title2(c.title), h('p', { class: 'lead' }, c.text),
    h('div', { class: 'actions two' }, button(c.leave, 'outline-primary', () => void act('leave')), button(c.stay, 'primary', () => void act('stay'), { 'data-first': true }))]
}
