// SPDX-License-Identifier: EUPL-1.2
import { facts, failures, isCode, type Texts } from './generated/failures'
import type { Failure } from './generated/state'
import { language, t } from './i18n'

/** The explanation of a failure to a person: what happened, whether the card is safe, what to do. */
export interface Explanation { what: string; card: string; act: string }

/** The short number of a code, which can be read out on the telephone. */
export function numberOf(code: string): number | undefined { return isCode(code) ? facts[code].number : undefined }

/** The part of the diagnosis that explains a code, '' for none. */
export function areaOfCode(code: string): string { return isCode(code) ? facts[code].area : '' }

/** Whether another try of the renewal makes sense. */
export function mayResume(code: string): boolean { return isCode(code) && facts[code].again }

function texts(code: string): Texts { return failures[language()][isCode(code) ? code : 'service-refused'] }

/**
 * Explains a failure. The service's own text, in Italian, replaces the first sentence, or its {}.
 */
export function explain(f: Failure): Explanation {
  const e = texts(f.code)
  const own = f.text && (!isCode(f.code) || language() === 'it') ? f.text : e.what
  const what = e.what.includes('{}') ? e.what.replace('{}', () => f.text || '?') : own
  const reason = f.reason ? texts(f.reason).what : ''
  const tries = f.tries ? t().prompt.tries(f.tries) : ''
  return { what: [what, reason, tries].filter(Boolean).join(' '), card: f.changed ? e.changed : e.card, act: e.act }
}

/** The explanation of a code that nothing else is known of. */
export function explainCode(code: string, text = ''): Explanation { return explain({ code, text }) }
