// SPDX-License-Identifier: EUPL-1.2

/** The title of a screen. It can take the focus when the focused element is gone. */
export function Title({ children }: { children: string }) {
  return <h1 tabIndex={-1}>{children}</h1>
}
