// SPDX-License-Identifier: EUPL-1.2
import './style.scss'
import { banner, bench, watermark } from './bench'
import { dialog, redraw, show, wanted } from './dialog'
import { button, h } from './dom'
import { sign } from './drawing'
import { languages, t, type Language } from './i18n'
import { page, pageOf } from './pages'
import { heading, news, screen } from './screens'
import { apply, settings, sizes, themes, type Theme } from './settings'
import { poll, type State } from './state'

const app = document.getElementById('app')!
const head = h('header', { class: 'head' })
const main = h('main', { id: 'main', tabindex: '-1' })
const under = h('div', { class: 'under' })
const said = h('p', { class: 'visually-hidden', role: 'status' })
const marks = h('div', {})
app.append(marks, head, main, under, said, dialog)

let state: State | undefined
let lost = false
let drawn = ''
let screenBefore = ''
let marked = ''

function frame(): void {
  const c = t()
  const here = pageOf(location.hash)
  const size = (step: number) => () => {
    settings.size = sizes[Math.min(sizes.length - 1, Math.max(0, sizes.indexOf(settings.size as typeof sizes[number]) + step))] ?? 100
    change()
  }
  const focused = document.activeElement instanceof HTMLElement && head.contains(document.activeElement) ? document.activeElement.id : ''
  head.replaceChildren(
    h('a', { class: 'skip', href: '#main', onclick: (e: Event) => { e.preventDefault(); main.focus() } }, c.skip),
    h('div', { class: 'brand' }, sign(), h('div', {}, h('p', { class: 'brand-name' }, c.name), h('p', { class: 'brand-sub' }, c.subtitle))),
    h('div', { class: 'tools', role: 'group', 'aria-label': c.tools.label },
      button('A−', 'link', size(-1), { id: 'smaller', 'aria-label': c.tools.smaller, disabled: settings.size === sizes[0] }),
      button('A+', 'link', size(1), { id: 'larger', 'aria-label': c.tools.larger, disabled: settings.size === sizes[sizes.length - 1] }),
      h('label', { class: 'visually-hidden', for: 'theme' }, c.tools.theme),
      h('select', { id: 'theme', onchange: (e: Event) => { settings.theme = (e.target as HTMLSelectElement).value as Theme; change() } },
        ...themes.map((x) => h('option', { value: x, selected: x === settings.theme }, c.tools.themes[x]))),
      h('label', { class: 'visually-hidden', for: 'language' }, c.tools.language),
      h('select', { id: 'language', onchange: (e: Event) => { settings.language = (e.target as HTMLSelectElement).value as Language; change() } },
        ...Object.entries(languages).map(([k, v]) => h('option', { value: k, selected: k === settings.language, lang: k }, v)))),
    h('nav', { 'aria-label': c.nav.label }, h('ul', { role: 'list' }, ...(['card', 'diagnosis', 'about', 'accessibility'] as const).map((p) =>
      h('li', {}, h('a', { href: `#${p}`, id: `nav-${p}`, 'aria-current': p === here ? 'page' : undefined }, c.nav[p]))))))
  document.title = `${c.nav[here]} · ${c.name}`
  if (focused) {
    const again = document.getElementById(focused)
    if (again && !(again as HTMLButtonElement).disabled) again.focus()
    else document.getElementById(focused === 'larger' ? 'smaller' : 'larger')?.focus()
  }
}

/** Draws what changed. The focus stays where it is, or goes to the new title if its element is gone. */
function draw(): void {
  if (!state) return
  const here = pageOf(location.hash)
  const content = lost ? 'lost' : here !== 'card' ? [here, here === 'about' && state.update] : wanted(state) ? drawnBehind() : [state.screen, state.loading, state.failure, state.card, state.readers, state.reader, state.update]
  const key = JSON.stringify([content, document.documentElement.lang])
  if (key !== drawn) {
    const had = main.contains(document.activeElement) && document.activeElement !== main
    const before = drawn
    drawn = key
    if (lost) main.replaceChildren(h('section', { class: 'panel' }, heading(t().lost.title), h('p', { class: 'lead' }, t().lost.text)))
    else if (here !== 'card') main.replaceChildren(page(here, state))
    else if (!wanted(state)) main.replaceChildren(screen(state), ...[news(state)].filter((x) => x !== null))
    const title = main.querySelector<HTMLElement>('h1')
    if (had && !dialog.open) title?.focus()
    if (state.screen !== screenBefore) scrollTo(0, 0)
    screenBefore = state.screen
    if (before && !lost) said.textContent = state.screen === 'loading' ? t().T4 : title?.textContent ?? ''
  }
  const was = dialog.open
  show(state)
  if (was && !dialog.open) main.querySelector<HTMLElement>('h1')?.focus()
  if (state.demo) {
    bench(state.demo, dialog.open ? dialog : under)
    const mark = JSON.stringify([state.demo.date, document.documentElement.lang])
    if (mark !== marked) {
      marked = mark
      marks.replaceChildren(banner(state.demo), watermark())
    }
  }
}

/** Behind the window "Rinnovo certificato" the page stays as it was; it may have been loaded anew. */
function drawnBehind(): unknown {
  if (!main.firstChild) main.append(h('section', { class: 'panel' }, heading(t().card.title)))
  return 'behind'
}

function change(): void {
  apply()
  frame()
  redraw()
  draw()
}

async function follow(): Promise<void> {
  for (;;) {
    try {
      state = await poll(lost ? -1 : state?.version ?? -1)
      lost = false
    } catch {
      lost = true
      await new Promise((r) => setTimeout(r, 1000))
    }
    draw()
  }
}

addEventListener('hashchange', () => {
  frame()
  draw()
  main.querySelector<HTMLElement>('h1')?.focus()
})
addEventListener('beforeunload', (e) => { if (state?.screen === 'running') e.preventDefault() })
addEventListener('pagehide', () => { navigator.sendBeacon('/api/gone') })

apply()
frame()
void follow()
