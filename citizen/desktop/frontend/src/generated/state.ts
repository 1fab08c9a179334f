// SPDX-License-Identifier: EUPL-1.2
// Code generated from the Go types of citizen/desktop by go test ./citizen/desktop -run TypeScript -update. DO NOT EDIT.

/** Action is what a window can do about a finding. */
export type Action =
  | 'card'
  | 'unblock'
  | 'browsers'
  | 'opensc'
  | 'download'
  | 'portal'
  | 'network-settings'
  | 'proxy-settings'
  | 'clock-settings'

/** Browsers are the stores of this user's browsers, and the reason why they could not be read or changed. */
export interface Browsers {
  list: Store[]
  failure: string // "" for none
  text: string // of the failure: the browser that is open
}

/** Campaign is one of several campaigns that accept the certificate. */
export interface Campaign {
  id: string
  title: string
  newNotAfter?: string // nil where the time counts from the issue
}

/** Certificate is one of the holder's certificates. */
export interface Certificate {
  notBefore: string
  notAfter: string
  renewed: boolean
  expired: boolean
}

/** Contact is how a person reaches the assistance; each field may be "". */
export interface Contact {
  telephone?: string
  mail?: string
  hours?: string
  page?: string // https address
}

/** Demo is the state of the demonstration. */
export interface Demo {
  series: string[]
  faults: string[]
  slots: string[] // the series of the card in or beside each reader, "" for none
  in: boolean[] // whether each of them is inserted
  readers: number
  pcsc: boolean // the smart-card service runs
  down: boolean // the network is cut
  shut: boolean // the campaign is closed
  twice: boolean // a second campaign is open
  pin: string
  puk: string
  date: string
}

/** Diagnosis holds the facts of the diagnosis page. */
export interface Diagnosis {
  program: string
  system: string
  clock: string
  service: string // its address, "" where none is known
  findings: Explained[]
  browsers?: Browsers // absent where the program has no module for them
  text: string // the whole, to be copied, printed and saved
  canSeal: boolean // a desk is known
}

/** Done is a renewal that succeeded, and the phase after it. */
export interface Done {
  notAfter: string
  phase: Phase
  seconds?: number // left of the minute
  problem?: Failure // of the last phase tried
  login?: Login
  canLogin: boolean
  expired?: boolean // the PIN was wiped before the trial login
}

/** Explained is a finding in a language, for the page and for JSON. */
export interface Explained {
  area: string
  level: Level
  code?: string
  note?: string
  number?: number // of code or note, to read out
  title: string
  what: string
  seen?: string
  do?: string
  action?: Action // that a window offers
  command?: string // that does it at a terminal
}

/** Failure is a code, for which the page has the texts, and the service's own text. */
export interface Failure {
  code: string
  step?: string
  reason?: string // why a site refused the certificate
  text?: string
  changed?: boolean // the renewal has changed the card
  tries?: number // left of the code that was refused; nil where not known
}

/** Identity is what tells a person's card from another. */
export interface Identity {
  holder: string // as on the card: a text from outside
  id: string // masked
  notAfter?: string // of the certificate that ends last; nil where none is readable
}

/** Level tells how much a finding matters. */
export type Level =
  | 'well'
  | 'warning'
  | 'bad'
  | 'unknown'

/** Loading describes a card being read. */
export interface Loading {
  late: boolean // it takes longer than SlowAfter
  waiting: Source
}

/** Login is the answer of the trial login. */
export interface Login {
  name: string
  codiceFiscaleMasked: string
  notBefore: string
  notAfter: string
  policy: string
  tls: string
  accepted: boolean
  reason: string
}

export interface Module {
  name: string
  library: string
}

/** Phase is a phase after a successful renewal: the guide's steps 14 and 15. */
export type Phase =
  | 'remove'
  | 'wait'
  | 'insert'
  | 'check'
  | 'seen'
  | 'login'
  | 'entered'

/** Pinpad describes the keypad of the reader to the person from whom a code is asked: renewal.Pinpad. */
export interface Pinpad {
  offered?: boolean
  unable?: boolean
  pins?: number
  puks?: number
  failed?: string
}

/** Progress is the progress of a renewal, in percent. Endless is set while the card makes its key, which takes a time that cannot be foreseen. */
export interface Progress {
  step: string
  percent: number
  endless: boolean
  position?: number // in the queue
  seconds?: number // to wait for the service
  waiting?: boolean
  note?: string
}

/** Prompt is a question to the person. The answer carries the number of its question, so that it cannot answer another one. */
export interface Prompt {
  id: number
  kind: PromptKind
  min?: number
  max?: number
  tries?: number // left; nil where not known
  limit?: number // wrong codes in a row that block it; 0 where no source tells
  wrong?: boolean
  malformed?: boolean
  puk?: boolean
  options?: string[]
  repeated?: boolean // the renewal began to generate the key before this question
  newPinSent?: boolean // NewPINSent means that the card did not answer to a new PIN: it has that one, or the one before.
  weakness?: string // why the new PIN typed before was refused
  pinpad?: Pinpad // nil for a reader without a keypad
}

/** PromptKind is the kind of a question: for a PIN, for a PUK, for a new PIN, or a renewal.Question. */
export type PromptKind =
  | 'pin'
  | 'puk'
  | 'new-pin'
  | 'series'
  | 'last-try'

/** Reader is one reader and the card in it. */
export interface Reader {
  name: string
  present: boolean
  mute?: boolean
  choice?: boolean // the card may be renewable, judged by its answer to reset
  identity?: Identity // Identity tells several cards apart; nil before the card was read, and where it cannot be read.
}

/** Report tells where the error report was saved, or why it was not. */
export interface Report {
  path?: string
  code?: string
}

/** Card holds the facts that the card gives without a PIN, and none that tells it from others of its kind. */
export interface ReportCard {
  atr: string // upper-case hexadecimal
  model?: string
  series?: string[] // those that the chip may have, or the one that the citizen gave
  emulated?: boolean
}

/** Report is the manifest: the facts of a failed run, without any that identify the person. */
export interface ReportContents {
  format: number
  created: string
  program: ReportProgram
  system: ReportSystem
  drivers?: ReportDriver[]
  readers?: ReportReader[]
  card?: ReportCard
  failure: ReportFailure // absent from a diagnosis
  findings?: ReportFinding[]
  steps?: ReportStep[]
  requests?: ReportRequest[]
  transcript?: ReportTranscript
}

/** Driver is an installed driver of a reader. */
export interface ReportDriver {
  name: string
  version: string
}

/** Failure tells why the run ended. */
export interface ReportFailure {
  code: string
  step?: string
  exit: number
  statusWord?: string // of the card, four upper-case hexadecimal digits
  tries?: number // left of PIN or PUK
  errors?: string[] // Go types of the errors, the outermost first, without their texts
}

/** Finding is one finding of a diagnosis, without what was seen there. */
export interface ReportFinding {
  area: string
  level: string // well, warning, bad, unknown
  code?: string
  note?: string
}

/** Program is the program that failed. */
export interface ReportProgram {
  name: string
  version: string
}

/** Reader is a reader that was present when the run failed. */
export interface ReportReader {
  name: string
  card: boolean // it held a card
  used: boolean
}

/** Request is one message to the service. */
export interface ReportRequest {
  id: string // CMP transactionID, lower-case hexadecimal, as in the service's log
  kind: string
  sent: string
  tookNanoseconds: number
  status: number // of HTTP; 0: no answer came
}

/** Step is one step of the renewal. */
export interface ReportStep {
  name: string
  state: string // started (and never done), done, skipped, waiting, noted
  code?: string
  begun: string
  ended?: string
  exchanges: number // Number of exchanges with the card since the step began, and of each status word among them.
  statusWords?: Record<string, number>
  lastStatusWord?: string
}

/** System is the operating system, by Go's names and by its own. */
export interface ReportSystem {
  os: string
  arch: string
  release?: string
}

/** Transcript describes transcript.txt. */
export interface ReportTranscript {
  entries: number
  complete: boolean // false where it grew too long and lacks its end
}

/** Root is a certificate as people compare it. */
export interface Root {
  name: string // of its subject
  sha256: string // pairs of upper-case digits
}

/** Screen names the screen that the page shows. */
export type Screen =
  | 'setup'
  | 'starting'
  | 'no-service'
  | 'no-reader'
  | 'no-card'
  | 'choose'
  | 'loading'
  | 'unreadable'
  | 'unknown'
  | 'nothing'
  | 'card'
  | 'prompt'
  | 'running'
  | 'failed'
  | 'done'
  | 'new-pin'

/** Setup is a service that the person enters: empty, to be confirmed, or with the reason why it cannot be used. */
export interface Setup {
  service?: string
  roots?: Root[] // of the issuer
  tlsRoots?: Root[] // of the server; the system's where there is none
  problem?: Failure
}

/** Source is the party whose answer is awaited. */
export type Source =
  | 'card'
  | 'service'

/** State is all that the page knows. It never contains a PIN or PUK, and of the holder only the name. */
export interface State {
  version: number
  screen: Screen
  program: string // its version
  system: System // of this computer
  readers: Reader[]
  reader?: string // the one in use
  loading?: Loading
  card?: Summary
  failure?: Failure
  prompt?: Prompt
  progress?: Progress
  typing?: Typing // the person types at the reader's keypad
  done?: Done
  closing?: boolean // the window was asked to close while a renewal runs
  task?: Task // Task is the work on the card that runs, failed or succeeded; "" where there was none.
  report?: Report
  update?: Update // nil where no check is made
  page?: string // the download page
  contents?: ReportContents // Contents lists the contents of the error report of the failure on the screen; nil where no report can be made.
  demo?: Demo // nil where cards and service are real
  setup?: Setup // Setup is the service that the person enters, on the screen for that.
  contact?: Contact // of the assistance; nil where none is known
}

export interface Store {
  browser: string
  folder: string
  confined?: string
  running: boolean
  modules: Module[]
  ours: boolean
}

/** Summary describes the card to its holder. */
export interface Summary {
  holder: string
  id: string // masked
  model: string
  series: string[]
  needsPuk: boolean
  asksSeries: boolean // the person must read the sigla printed on the card
  begun: boolean // a renewal was interrupted
  certificates: Certificate[]
  campaign?: string
  title?: string
  newNotAfter?: string // nil where it counts from the issue
  campaigns?: Campaign[] // those among which the citizen chooses
  usable: boolean // the card can be used to log in, as far as is known
  canChangePin: boolean // A source gives the command that changes the PIN of this model, and the one that unblocks it.
  canUnblockPin: boolean
}

/** System is an operating system by Go's name for it. */
export type System =
  | 'linux'
  | 'darwin'
  | 'windows'

/** Task is what a person does with a card. */
export type Task =
  | 'renewal'
  | 'pin-change'
  | 'pin-unblock'

/** TypedCode names what the reader asks, as a renewal.Event does. */
export type TypedCode =
  | 'pin'
  | 'puk'
  | 'pin-change'
  | 'pin-unblock'

/** Typing tells that the reader asks for a code at its own keypad. */
export interface Typing {
  code: TypedCode
  seconds: number // that are left
}

/** Update is the result of the check for a newer version. */
export interface Update {
  state: UpdateState
  version?: string // the newest
  code?: string // of the failed check
  text?: string // of the failed check
  hidden?: boolean // the person closed the notice
}

/** UpdateState is the state of the check for a newer version. */
export type UpdateState =
  | 'checking'
  | 'failed'
  | 'current'
  | 'newer'
  | 'unsupported'
  | 'off'
  | 'no-key'
