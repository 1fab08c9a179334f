// SPDX-License-Identifier: EUPL-1.2
import { h } from './dom'
import { t } from './i18n'

/** Figure 10: the front of the card, with the place of the sigla framed. A scheme of our own, without any emblem. */
export function cardFront(sigla: string): Element {
  return h('svg', { class: 'drawing card-front', viewBox: '0 0 320 202', role: 'img', 'aria-label': t().figure10 },
    h('rect', { x: '1', y: '1', width: '318', height: '200', rx: '14', class: 'd-card' }),
    h('rect', { x: '1', y: '1', width: '318', height: '34', rx: '14', class: 'd-band' }),
    h('rect', { x: '28', y: '66', width: '54', height: '44', rx: '7', class: 'd-chip' }),
    h('path', { d: 'M28 81h18M28 96h18M64 81h18M64 96h18M46 66v44M64 66v44', class: 'd-contacts' }),
    h('rect', { x: '104', y: '60', width: '150', height: '9', rx: '4', class: 'd-line' }),
    h('rect', { x: '104', y: '82', width: '190', height: '9', rx: '4', class: 'd-line' }),
    h('rect', { x: '104', y: '104', width: '120', height: '9', rx: '4', class: 'd-line' }),
    h('rect', { x: '104', y: '126', width: '165', height: '9', rx: '4', class: 'd-line' }),
    h('rect', { x: '28', y: '160', width: '130', height: '9', rx: '4', class: 'd-line' }),
    h('text', { x: '55', y: '55', class: 'd-sigla', 'text-anchor': 'middle' }, sigla),
    h('rect', { x: '14', y: '40', width: '82', height: '21', rx: '5', class: 'd-frame' }))
}

/** A reader, with or without a card before it. */
export function reader(card: boolean): Element {
  return h('svg', { class: 'drawing', viewBox: '0 0 320 150', 'aria-hidden': 'true', focusable: 'false' },
    h('rect', { x: '150', y: '44', width: '140', height: '78', rx: '12', class: 'd-reader' }),
    h('rect', { x: '150', y: '74', width: '12', height: '18', class: 'd-slot' }),
    h('circle', { cx: '268', cy: '62', r: '5', class: 'd-lamp' }),
    h('path', { d: 'M290 84q20 0 20 26v30', class: 'd-cable' }),
    card && h('g', { class: 'd-moving' },
      h('rect', { x: '22', y: '50', width: '112', height: '66', rx: '8', class: 'd-card' }),
      h('rect', { x: '22', y: '50', width: '112', height: '13', rx: '7', class: 'd-band' }),
      h('rect', { x: '100', y: '74', width: '22', height: '18', rx: '4', class: 'd-chip' }),
      h('rect', { x: '34', y: '76', width: '50', height: '6', rx: '3', class: 'd-line' }),
      h('rect', { x: '34', y: '90', width: '38', height: '6', rx: '3', class: 'd-line' })))
}

/** The program's own sign: a card that comes round again. */
export function sign(): Element {
  return h('svg', { class: 'sign', viewBox: '0 0 64 64', 'aria-hidden': 'true', focusable: 'false' },
    h('rect', { x: '10', y: '20', width: '44', height: '29', rx: '5', class: 's-card' }),
    h('rect', { x: '16', y: '28', width: '11', height: '9', rx: '2', class: 's-chip' }),
    h('path', { d: 'M20 14a16 9 0 0 1 26 1M48 8l-1 9-9-2z', class: 's-arrow' }),
    h('path', { d: 'M37 37l5 5 8-10', class: 's-check' }))
}
