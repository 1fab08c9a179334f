// SPDX-License-Identifier: EUPL-1.2
import { isLanguage, speak, type Language } from './i18n'

export const themes = ['auto', 'light', 'dark', 'contrast'] as const
export type Theme = typeof themes[number]
export const sizes = [100, 125, 150, 175, 200] as const
export type Size = typeof sizes[number]

export interface Settings { theme: Theme; size: Size; language: Language }

const key = 'rinnova'
const dark = matchMedia('(prefers-color-scheme: dark)')
const contrast = matchMedia('(prefers-contrast: more)')

/** The look that the person chose before; it is kept where the web view allows it, and in no other place. */
export function keptSettings(): Settings {
  const system = navigator.language.split('-')[0]
  let kept: Partial<Settings> = {}
  try { kept = JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Settings> } catch { /* forbidden or damaged */ }
  return {
    theme: themes.find((x) => x === kept.theme) ?? 'auto',
    size: sizes.find((x) => x === kept.size) ?? 100,
    language: isLanguage(kept.language) ? kept.language : isLanguage(system) ? system : 'it',
  }
}

/** Gives the page its look, and keeps it. */
export function apply(settings: Settings): void {
  const root = document.documentElement
  const auto = contrast.matches ? 'contrast' : dark.matches ? 'dark' : 'light'
  root.dataset.theme = settings.theme === 'auto' ? auto : settings.theme
  root.dataset.size = String(settings.size)
  speak(settings.language)
  try { localStorage.setItem(key, JSON.stringify(settings)) } catch { /* a web view may forbid it */ }
}

/** Calls back when the system's colours change; the returned function ends that. */
export function onSystemColours(callback: () => void): () => void {
  dark.addEventListener('change', callback)
  contrast.addEventListener('change', callback)
  return () => {
    dark.removeEventListener('change', callback)
    contrast.removeEventListener('change', callback)
  }
}
