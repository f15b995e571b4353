import { Field } from "../../ui/field.tsx";
import { NamedOptions, SelectField } from "../../ui/select.tsx";
import { TemplatePreview } from "../templates/preview.tsx";
import { TemplateSelect } from "../templates/select.tsx";
import type { Drafting } from "./draft.ts";
import type { Stock } from "./new.tsx";

interface WhatProps {
  stock: Stock;
  drafting: Drafting;
  /** Why an input is refused, by its name. */
  problem: (name: string) => string | null;
}

/** What is sent, from where, and under which name. */
export function What({ stock, drafting, problem }: WhatProps) {
  const { draft, templates, template, change } = drafting;
  return (
    <>
      <Field
        label="Name"
        name="name"
        value={draft.name}
        onValue={(name) => change({ name })}
        problem={problem("name")}
        help="How you will find it again; customers do not see it"
        autoComplete="off"
        required
      />
      <SelectField
        label="Inbox"
        name="inbox_id"
        value={draft.inbox}
        onValue={(inbox) => change({ inbox, template: "" })}
        problem={problem("inbox_id")}
        help="The number that customers see"
      >
        <NamedOptions of={stock.inboxes} />
      </SelectField>
      <TemplateSelect
        name="template"
        templates={templates}
        value={draft.template}
        onValue={(id) => change({ template: id })}
        problem={problem("template")}
      />
      {template !== undefined && <TemplatePreview template={template} />}
    </>
  );
}
