// SPDX-License-Identifier: EUPL-1.2

export function Spinner() {
  return <div class="spinner" aria-hidden="true" />
}
