// SPDX-License-Identifier: EUPL-1.2

type Child = Node | string | null | undefined | false
type Attributes = Record<string, string | boolean | ((e: never) => void) | undefined>

const svgNames = new Set(['svg', 'path', 'rect', 'circle', 'g', 'text', 'line', 'ellipse'])

/**
 * Makes an element. Text is always text: nothing that comes from a card or a service is ever parsed as
 * markup. Attributes that begin with "on" are listeners; true is an empty attribute, false and undefined none.
 */
export function h<K extends keyof HTMLElementTagNameMap>(name: K, attributes?: Attributes, ...children: Child[]): HTMLElementTagNameMap[K]
export function h(name: string, attributes?: Attributes, ...children: Child[]): Element
export function h(name: string, attributes: Attributes = {}, ...children: Child[]): Element {
  const e = svgNames.has(name) ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') e.addEventListener(key.slice(2), value as EventListener)
    else if (value === true) e.setAttribute(key, '')
    else if (typeof value === 'string') e.setAttribute(key, value)
  }
  for (const c of children) if (c) e.append(c)
  return e
}

const icons: Record<string, string> = {
  ok: 'M4 12.5l5 5L20 6.5',
  warning: 'M12 3L2 21h20L12 3zM12 10v5M12 18v.5',
  error: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM8 8l8 8M16 8l-8 8',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  'eye-off': 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM4 4l16 16',
  close: 'M5 5l14 14M19 5L5 19',
  info: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM12 11v6M12 7v.5',
  keypad: 'M4 5h16v14H4zM8 9h.5M12 9h.5M16 9h.5M8 13h.5M12 13h.5M16 13h.5M9 16.5h6',
  erase: 'M9 5h12v14H9l-7-7 7-7zM12 9l6 6M18 9l-6 6',
}

/** A drawing that says nothing by itself: the text beside it does. */
export function icon(name: string): Element {
  return h('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    h('path', { d: icons[name] ?? '', fill: 'none', stroke: 'currentColor', 'stroke-width': '2', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }))
}

export function button(text: string, kind: 'primary' | 'outline-primary' | 'link', act: () => void, more: Attributes = {}): HTMLButtonElement {
  return h('button', { type: 'button', class: `btn btn-${kind}`, onclick: act, ...more }, text)
}
