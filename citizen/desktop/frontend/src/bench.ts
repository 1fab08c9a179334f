// SPDX-License-Identifier: EUPL-1.2
import { button, h } from './dom'
import { day, t } from './i18n'
import { act, type Demo } from './state'

const panel = h('section', { class: 'bench', 'aria-labelledby': 'bench-title' })
let shown = ''
const chosen = { series: '', fault: '' }

/** The demonstration's bench: it goes along into the window that is open, since a page behind a window is inert. */
export function bench(demo: Demo, host: HTMLElement): void {
  if (panel.parentElement !== host) host.append(panel)
  const key = JSON.stringify([demo, t().name, document.documentElement.lang])
  if (key === shown) return
  const focused = document.activeElement instanceof HTMLElement && panel.contains(document.activeElement) ? document.activeElement.id : ''
  const open = panel.querySelector('details')?.open ?? true
  shown = key
  const c = t().demo
  chosen.series ||= demo.series[0] ?? ''
  const select = (id: 'series' | 'fault', label: string, options: [string, string][]) => h('div', {}, h('label', { for: `bench-${id}` }, label),
    h('select', { id: `bench-${id}`, onchange: (e: Event) => { chosen[id] = (e.target as HTMLSelectElement).value } },
      ...options.map(([v, text]) => h('option', { value: v, selected: v === chosen[id] }, text))))
  const does = (action: string, text: string, disabled = false) => button(text, 'outline-primary', () => void act('demo', { action, series: chosen.series, fault: chosen.fault }), { id: `bench-${action}`, disabled })
  panel.replaceChildren(h('details', { open }, h('summary', { id: 'bench-title' }, `${c.title} · ${c.mark}`),
    h('p', { class: 'quiet' }, c.codes(demo.pin, demo.puk)),
    h('div', { class: 'bench-row outside' }, select('series', c.series, demo.series.map((s) => [s, s])), select('fault', c.fault, demo.faults.map((f) => [f, c.faults[f] ?? f]))),
    h('div', { class: 'bench-row' }, h('span', { class: 'outside' }, does('insert', c.insert)), does('remove', c.remove, !demo.in[0]), does('back', c.back, demo.in[0] || !demo.slots[0]),
      demo.down ? does('up', c.up) : does('down', c.down)),
    h('div', { class: 'bench-row outside' }, does('insert-second', c.second), does('remove-second', c.removeSecond, !demo.in[1]),
      demo.shut ? does('reopen', c.reopen) : does('shut', c.shut), demo.twice ? does('once', c.once) : does('twice', c.twice), demo.readers ? does('readers-off', c.readersOff) : does('readers-on', c.readersOn),
      demo.pcsc ? does('pcsc-off', c.pcscOff) : does('pcsc-on', c.pcscOn))))
  if (focused) {
    const again = document.getElementById(focused)
    if (again && !(again as HTMLButtonElement).disabled) again.focus({ preventScroll: true })
    else panel.querySelector('summary')?.focus({ preventScroll: true })
  }
}

export function banner(demo: Demo): HTMLElement {
  return h('section', { class: 'demo-banner', 'aria-label': t().demo.mark }, h('p', {}, t().demo.banner(day(demo.date))))
}

export function watermark(): HTMLElement { return h('div', { class: 'watermark', 'aria-hidden': 'true' }) }
