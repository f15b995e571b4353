import { type Template, templateTitle } from "@baton/client";
import { SelectField } from "../../ui/select.tsx";
import { TEMPLATE_STATUS } from "./parts.tsx";

interface TemplateSelectProps {
  name?: string;
  templates: Template[];
  /** The chosen one's id; empty where none is chosen yet. */
  value: string;
  onValue: (id: string) => void;
  problem?: string | null;
}

/** One template to send; those that cannot be sent say why not. */
export function TemplateSelect({ templates, ...select }: TemplateSelectProps) {
  return (
    <SelectField {...select} label="Template">
      <option value="" disabled>
        Choose one
      </option>
      {templates.map((one) => (
        <option key={one.id} value={one.id} disabled={one.refusal !== null}>
          {templateTitle(one)}
          {one.refusal !== null && `: ${TEMPLATE_STATUS[one.status] ?? one.status}`}
        </option>
      ))}
    </SelectField>
  );
}
