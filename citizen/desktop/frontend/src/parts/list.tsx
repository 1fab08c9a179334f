// SPDX-License-Identifier: EUPL-1.2

export function List({ items }: { items: string[] }) {
  return <ul>{items.map((x) => <li key={x}>{x}</li>)}</ul>
}
