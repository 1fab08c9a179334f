// SPDX-License-Identifier: EUPL-1.2

/** What the program tells the page; the Go type State of package desktop. */
export interface State {
  version: number
  screen: Screen
  program: string
  readers: Reader[]
  reader?: string
  loading?: { late: boolean; waiting: 'card' | 'service' }
  card?: Card
  failure?: Failure
  prompt?: Prompt
  progress?: Progress
  done?: Done
  closing?: boolean
  report?: { path?: string; code?: string }
  update?: Update
  page?: string
  contents?: Contents
  demo?: Demo
}

/** What is known of newer versions of the program. */
export interface Update {
  state: 'checking' | 'failed' | 'current' | 'newer' | 'unsupported' | 'off' | 'no-key'
  version?: string
  code?: string
  text?: string
  hidden?: boolean
}

export type Screen =
  | 'starting' | 'no-service' | 'no-reader' | 'no-card' | 'choose' | 'loading' | 'unreadable' | 'unknown'
  | 'nothing' | 'card' | 'prompt' | 'running' | 'failed' | 'done'

export interface Reader { name: string; present: boolean; mute?: boolean }
export interface Failure { code: string; step?: string; text?: string; changed?: boolean; tries?: number }
export interface Certificate { notBefore: string; notAfter: string; renewed: boolean; expired: boolean }

export interface Card {
  holder: string
  id: string
  model: string
  series: string[]
  needsPuk: boolean
  begun: boolean
  certificates: Certificate[] | null
  campaign?: string
  title?: string
  newNotAfter?: string
  campaigns?: { id: string; title: string; newNotAfter?: string }[]
  stillValid: boolean
}

/** What the error report would hold: the manifest of package errorreport, as far as a person is told of it. */
export interface Contents {
  created: string
  program: { name: string; version: string }
  system: { os: string; arch: string; release?: string }
  drivers?: { name: string; version: string }[]
  readers?: { name: string; card: boolean; used: boolean }[]
  card?: { atr: string; model?: string; series?: string[] }
  failure: { code: string; step?: string; statusWord?: string; tries?: number }
  steps?: { name: string; state: string; exchanges: number }[]
  requests?: { id: string }[]
  transcript?: { entries: number }
}

export interface Prompt {
  id: number
  kind: 'pin' | 'puk' | 'series' | 'last-try'
  min?: number
  max?: number
  tries?: number
  wrong?: boolean
  malformed?: boolean
  puk?: boolean
  options?: string[]
  repeated?: boolean
}

export interface Progress {
  step: string
  percent: number
  endless: boolean
  position?: number
  seconds?: number
  waiting?: boolean
  note?: string
}

export interface Done {
  notAfter: string
  phase: 'remove' | 'wait' | 'insert' | 'check' | 'seen' | 'login' | 'entered'
  seconds?: number
  problem?: Failure
  login?: { name: string; codiceFiscaleMasked: string; notAfter: string; accepted: boolean; reason: string; tls: string }
  canLogin: boolean
  expired?: boolean
}

export interface Demo {
  series: string[]
  faults: string[]
  slots: string[]
  in: boolean[]
  readers: number
  pcsc: boolean
  down: boolean
  shut: boolean
  twice: boolean
  pin: string
  puk: string
  date: string
}

export interface Diagnosis {
  program: string
  system: string
  smartCard: boolean
  readers: Reader[]
  card?: Card
  service: string
  answer: string
  clock: string
}

/** Asks for a state newer than since; the program answers at the change, or after a while. */
export async function poll(since: number): Promise<State> {
  const answer = await fetch(`/api/state?since=${since}`)
  if (!answer.ok) throw new Error(String(answer.status))
  return await answer.json() as State
}

export async function diagnosis(): Promise<Diagnosis> {
  const answer = await fetch('/api/diagnosis')
  if (!answer.ok) throw new Error(String(answer.status))
  return await answer.json() as Diagnosis
}

/** Says what the person did. A refusal means that the screen was out of date: the next state tells. */
export async function act(action: string, fields: Record<string, string> = {}): Promise<boolean> {
  const answer = await fetch(`/api/${action}`, { method: 'POST', body: new URLSearchParams(fields) })
  return answer.ok
}

/** Hands over a PIN or PUK as bytes, for the prompt it was typed at. */
export async function giveCode(prompt: number, code: string): Promise<boolean> {
  const bytes = new TextEncoder().encode(code)
  const answer = await fetch(`/api/code?prompt=${prompt}`, { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: bytes })
  bytes.fill(0)
  return answer.ok
}
