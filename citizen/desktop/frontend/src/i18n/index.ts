// SPDX-License-Identifier: EUPL-1.2
import { steps } from '../generated/steps'
import { de } from './de'
import { it, type Catalogue } from './it'

/** Languages, each with its own name. A catalogue that lacks a text does not compile. */
export const languages = { it: 'Italiano', de: 'Deutsch' } as const
export type Language = keyof typeof languages

const catalogues: Record<Language, Catalogue> = { it, de }
let current: Language = 'it'

export function t(): Catalogue {
  return catalogues[current]
}

export function language(): Language {
  return current
}

export function speak(l: Language): void {
  current = l
  document.documentElement.lang = l
}

export function isLanguage(s: string | null | undefined): s is Language {
  return s != null && Object.hasOwn(languages, s)
}

/** A day as the citizen reads it, in Italy's time. */
export function day(iso: string): string {
  return new Intl.DateTimeFormat(current, {
    timeZone: 'Europe/Rome',
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
  }).format(new Date(iso))
}

/** An instant as the citizen reads it, in Italy's time. */
export function moment(iso: string): string {
  return new Intl.DateTimeFormat(current, { timeZone: 'Europe/Rome', dateStyle: 'short', timeStyle: 'short' }).format(
    new Date(iso),
  )
}

/** The text shown while a step of the renewal runs, '' for a step without one. */
export function stepText(step: string): string {
  return steps[current][step] ?? ''
}

/** A step of the renewal as a name: its text without the dots. Without a text, the step's own word or other. */
export function stageName(step: string, other = step): string {
  return (stepText(step) || other).replace(/[ .]+$/, '')
}
