// SPDX-License-Identifier: EUPL-1.2

// A screen in every look: axe-core, and what it cannot see. Screenshots stay in artifacts/.
import AxeBuilder from '@axe-core/playwright'
import assert from 'node:assert/strict'

const themes = ['light', 'dark', 'contrast']

/** Sets the look without the page's own controls, which a modal window makes inert. */
async function look(w, theme, size = 100) {
  await w.tab.evaluate(
    ([t, s]) => {
      document.documentElement.dataset.theme = t
      document.documentElement.dataset.size = String(s)
    },
    [theme, size],
  )
}

/** Text in the very colour of its ground, on which axe does not decide. */
export function invisible(incomplete) {
  return incomplete
    .flatMap((v) => v.nodes)
    .filter((n) => n.any.some((c) => c.data?.messageKey === 'equalRatio'))
    .map((n) => n.html.slice(0, 120))
}

/** Sideways scrolling, boxes over boxes, text out of its box. */
export async function layout(w) {
  return await w.tab.evaluate(() => {
    const problems = []
    if (document.documentElement.scrollWidth > innerWidth)
      problems.push(`the page is ${document.documentElement.scrollWidth} wide`)
    const host = document.querySelector('dialog[open]') ?? document.body
    if (host.scrollWidth > host.clientWidth + 1) problems.push(`${host.tagName} scrolls sideways`)
    const boxes = [
      ...host.querySelectorAll('h1, h2, h3, p, dt, dd, li, label, legend, button, select, input, .drawing'),
    ].filter((e) => {
      const r = e.getBoundingClientRect()
      return (
        e.checkVisibility({ contentVisibilityAuto: true }) &&
        r.width > 1 &&
        r.height > 1 &&
        !e.closest('.watermark') &&
        !e.classList.contains('visually-hidden') &&
        getComputedStyle(e).visibility !== 'hidden' &&
        !(host === document.body && e.closest('dialog'))
      )
    })
    // Two bars of a dialog lie over what scrolls behind them.
    const bar = (e) => e.closest('.dialog-head, dialog .actions')
    const name = (e) => `${e.tagName}.${e.className.baseVal ?? e.className} "${e.textContent.trim().slice(0, 30)}"`
    for (const [i, a] of boxes.entries()) {
      const r = a.getBoundingClientRect()
      if (r.right > innerWidth + 1 || r.left < -1) problems.push(`${name(a)} leaves the page`)
      for (const b of boxes.slice(i + 1)) {
        if (a.contains(b) || b.contains(a) || bar(a) !== bar(b)) continue
        const s = b.getBoundingClientRect()
        if (
          Math.min(r.right, s.right) - Math.max(r.left, s.left) > 2 &&
          Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) > 2
        )
          problems.push(`${name(a)} over ${name(b)}`)
      }
    }
    for (const e of host.querySelectorAll('button, select, input, a, summary')) {
      const r = e.getBoundingClientRect()
      if (r.width > 0 && (r.width < 24 || r.height < 23.5) && !e.matches('.skip, .visually-hidden, [type=radio]'))
        problems.push(`${name(e)} is ${Math.round(r.width)}×${Math.round(r.height)}`)
    }
    return problems
  })
}

/** Controls that look like text where the colours are the person's own: no border, and no line as a link's. */
async function borderless(w) {
  return await w.tab.evaluate(() =>
    [...document.querySelectorAll('button, select, input:not([type=radio], [type=checkbox])')]
      .filter((e) => e.checkVisibility() && !e.matches('.visually-hidden, details:not([open]) *'))
      .filter((e) => {
        const s = getComputedStyle(e)
        const border = s.borderBottomStyle !== 'none' && parseFloat(s.borderBottomWidth) >= 1
        return !border && s.textDecorationLine !== 'underline'
      })
      .map((e) => e.outerHTML.slice(0, 120)),
  )
}

/** Buttons that lead on, and are out of view: the bar at a dialog's foot, and RINNOVA. */
async function below(w) {
  return await w.tab.evaluate(() => {
    const host = document.querySelector('dialog[open]') ?? document.querySelector('main')
    return [...host.querySelectorAll('dialog .actions button, #renew')]
      .filter((e) => e.checkVisibility() && !e.closest('section, .after'))
      .filter((e) => {
        const r = e.getBoundingClientRect()
        return r.top < 0 || r.bottom > innerHeight
      })
      .map((e) => e.textContent)
  })
}

/** Draws a screen in every theme, large, as narrow as a telephone, low and in forced colours, and checks each. */
export async function examine(w, name) {
  const size = w.tab.viewportSize()
  for (const theme of themes) {
    await look(w, theme)
    await w.shot(`${name}-${theme}`)
    const { violations, incomplete } = await new AxeBuilder({ page: w.tab })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze()
    assert.deepEqual(invisible(incomplete), [], `${name}, ${theme}`)
    assert.deepEqual(
      violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`),
      [],
      `${name}, ${theme}`,
    )
  }
  await look(w, 'light', 200)
  assert.deepEqual(await layout(w), [], `${name} at 200 %`)
  await w.shot(`${name}-200`)
  await look(w, 'light')
  assert.deepEqual(await layout(w), [], name)
  await w.tab.setViewportSize({ width: 320, height: 640 })
  assert.deepEqual(await layout(w), [], `${name} at 320 px`)
  await w.shot(`${name}-320`)
  await w.tab.setViewportSize({ width: 1366, height: 660 })
  assert.deepEqual([...(await layout(w)), ...(await below(w))], [], `${name} at 1366×660`)
  await w.shot(`${name}-1366`)
  await w.tab.emulateMedia({ forcedColors: 'active' })
  assert.deepEqual(await borderless(w), [], `${name} in forced colours`)
  await w.shot(`${name}-forced`)
  await w.tab.emulateMedia({ forcedColors: 'none' })
  await w.tab.setViewportSize(size)
}
