import { type FormField, fieldLabel, type Template, type Values } from "@baton/client";
import { Field } from "../../ui/field.tsx";
import { sentence } from "../../ui/words.ts";

interface TemplateFieldsProps {
  template: Template;
  values: Values;
  /** What is wrong, by the fields' keys. */
  problems: ReadonlyMap<string, string>;
  onValue: (key: string, value: string) => void;
}

/** A template's form: one input for each of its fields, of the field's own type. */
export function TemplateFields({ template, values, problems, onValue }: TemplateFieldsProps) {
  return template.form.map((field) => {
    const problem = problems.get(field.key);
    return (
      <Field
        key={field.key}
        {...INPUT[field.kind]}
        label={fieldLabel(field, template)}
        name={field.key}
        value={values[field.key] ?? ""}
        onValue={(value) => onValue(field.key, value)}
        problem={problem === undefined ? null : sentence(problem)}
        help={helpOf(field)}
        required={field.required}
        autoComplete="off"
      />
    );
  });
}

const INPUT: Record<string, { type: string; inputMode?: "decimal" | "url" }> = {
  image: { type: "url" },
  video: { type: "url" },
  document: { type: "url" },
  degrees: { type: "text", inputMode: "decimal" },
};

/** What a field takes, in words. */
export function helpOf(field: FormField): string {
  const most = `at most ${field.max_chars} characters`;
  const kind = KIND[field.kind] ?? sentence(field.kind);
  const example = exampleOf(field);
  return `${kind}, ${most}${example === null ? "" : `; such as ${example}`}`;
}

/** An example of a variable of the text; a button's own title is none. */
function exampleOf(field: FormField): string | null {
  return field.kind === "text" ? field.example : null;
}

const KIND: Record<string, string> = {
  text: "One line of text",
  image: "The address of a picture, beginning with https://",
  video: "The address of a film, beginning with https://",
  document: "The address of a document, beginning with https://",
  degrees: "Degrees as a decimal number",
  url_end: "Letters without spaces",
  payload: "A machine's word, which comes back when the customer taps",
  code: "The code that the customer copies",
};
