// SPDX-License-Identifier: EUPL-1.2
import { language } from './i18n'
import type { Browsers, Diagnosis, Report, State } from './generated/state'
import { request } from './secret'

/** The program does not know this page: the code of its address was used before. */
export class Refused extends Error {}

/** Asks for a state newer than since; the program answers at the change, or after a while. */
export async function poll(since: number): Promise<State> {
  return await read<State>(`/api/state?since=${since}`)
}

export async function diagnosis(): Promise<Diagnosis> {
  return await read<Diagnosis>(`/api/diagnosis?language=${language()}`)
}

/** Saves the diagnosis that was asked for last, as its text or sealed for the assistance. */
export async function saveDiagnosis(sealed: boolean): Promise<Report> {
  const body = new URLSearchParams({ sealed: String(sealed), language: language() })
  const answer = await request('/api/diagnosis-save', { method: 'POST', body })
  if (!answer.ok) throw new Error(String(answer.status))
  return await answer.json() as Report
}

export async function browsers(): Promise<Browsers> {
  return await read<Browsers>('/api/browsers')
}

/** Adds our module to the browsers, or removes it, and returns them as they are then. */
export async function changeBrowsers(change: 'add' | 'remove'): Promise<Browsers> {
  const answer = await request('/api/browsers', { method: 'POST', body: new URLSearchParams({ change }) })
  if (!answer.ok) throw new Error(String(answer.status))
  return await answer.json() as Browsers
}

/** The guide, as the content of a page. The program made it: it holds no text of others. */
export async function guide(): Promise<string> {
  const answer = await request('/api/guide')
  if (!answer.ok) throw new Error(String(answer.status))
  return await answer.text()
}

async function read<T>(path: string): Promise<T> {
  const answer = await request(path)
  if (answer.status === 403) throw new Refused()
  if (!answer.ok) throw new Error(String(answer.status))
  return await answer.json() as T
}

/** Sends what the person did. A refusal means that the screen was out of date: the next state tells. */
export async function act(action: string, fields: Record<string, string> = {}): Promise<boolean> {
  const answer = await request(`/api/${action}`, { method: 'POST', body: new URLSearchParams(fields) })
  return answer.ok
}

/** Hands over a PIN or PUK as bytes, for the prompt it was typed at. */
export async function giveCode(prompt: number, code: string): Promise<boolean> {
  const bytes = new TextEncoder().encode(code)
  const headers = { 'Content-Type': 'application/octet-stream' }
  const answer = await request(`/api/code?prompt=${prompt}`, { method: 'POST', headers, body: bytes })
  bytes.fill(0)
  return answer.ok
}

/** Tells the program that the page goes away. */
export function leavePage(): void { void request('/api/gone', { method: 'POST', keepalive: true }) }
