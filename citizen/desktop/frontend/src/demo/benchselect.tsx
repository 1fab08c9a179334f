// SPDX-License-Identifier: EUPL-1.2

interface Props {
  id: string
  label: string
  value: string
  options: [value: string, text: string][]
  onChange: (value: string) => void
}

export function BenchSelect({ id, label, value, options, onChange }: Props) {
  return (
    <div>
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(e) => { onChange(e.currentTarget.value) }}>
        {options.map(([v, text]) => <option key={v} value={v}>{text}</option>)}
      </select>
    </div>
  )
}
