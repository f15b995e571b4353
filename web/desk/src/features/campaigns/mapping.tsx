import { fieldLabel, type Mapping, type Template, type TextTable } from "@baton/client";
import { Field } from "../../ui/field.tsx";
import { SelectField } from "../../ui/select.tsx";
import { helpOf } from "../templates/fields.tsx";

interface MappingFieldsProps {
  template: Template;
  table: TextTable;
  mapping: Mapping;
  onMapping: (mapping: Mapping) => void;
}

/** Which column holds the number, the name and each of the template's fields. */
export function MappingFields({ template, table, mapping, onMapping }: MappingFieldsProps) {
  const field = (key: string, change: Partial<Mapping["fields"][string]>) => {
    const source = { column: null, same: "", ...mapping.fields[key], ...change };
    onMapping({ ...mapping, fields: { ...mapping.fields, [key]: source } });
  };
  return (
    <fieldset className="mapping choices">
      <legend>What stands in which column</legend>
      <div className="pair">
        <Column
          label="Phone number"
          none="Choose a column"
          table={table}
          value={mapping.to}
          onValue={(to) => onMapping({ ...mapping, to })}
        />
        <Column
          label="Name of the person"
          none="No column"
          table={table}
          value={mapping.name}
          onValue={(name) => onMapping({ ...mapping, name })}
        />
      </div>
      {template.form.map((one) => {
        const label = fieldLabel(one, template);
        const source = mapping.fields[one.key];
        const column = source?.column ?? null;
        return (
          <div key={one.key} className="pair">
            <Column
              label={label}
              none={one.required ? "The same for everybody" : "Left out, or the same for everybody"}
              table={table}
              value={column}
              onValue={(next) => field(one.key, { column: next })}
            />
            {column === null && (
              <Field
                label={`${label}, for everybody`}
                value={source?.same ?? ""}
                onValue={(same) => field(one.key, { same })}
                help={helpOf(one)}
                autoComplete="off"
              />
            )}
          </div>
        );
      })}
    </fieldset>
  );
}

interface ColumnProps {
  label: string;
  /** What it means that no column is chosen. */
  none: string;
  table: TextTable;
  value: number | null;
  onValue: (column: number | null) => void;
}

function Column({ label, none, table, value, onValue }: ColumnProps) {
  const first = table.rows[0]?.cells;
  return (
    <SelectField
      label={label}
      value={value === null ? "" : String(value)}
      onValue={(text) => onValue(text === "" ? null : Number(text))}
      help={value === null ? undefined : `First: ${first?.[value]?.trim() || "empty"}`}
    >
      <option value="">{none}</option>
      {table.head.map((name, at) => (
        <option key={at} value={at}>
          Column {name === "" ? at + 1 : name}
        </option>
      ))}
    </SelectField>
  );
}
