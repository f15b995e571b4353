import {
  type CampaignCheck,
  guessMapping,
  type Mapping,
  type NewCampaign,
  newId,
  peopleOf,
  sendableFirst,
  type Template,
  type TextTable,
} from "@baton/client";
import { useState } from "react";
import type { Stock } from "./new.tsx";

/** A campaign while somebody makes it. */
export interface Draft {
  name: string;
  inbox: string;
  /** The template's id; empty while none is chosen. */
  template: string;
  table: TextTable | null;
  mapping: Mapping;
  /** `ai` or `desk`. */
  replies: string;
  topic: string;
  /** Messages a minute, as entered. */
  pace: string;
}

export interface Drafting {
  draft: Draft;
  /** Those of the chosen inbox. */
  templates: Template[];
  template: Template | undefined;
  /** Everything is there that a look at the list needs. */
  ready: boolean;
  /** What the last look at the list found, while it is still true. */
  checked: CampaignCheck | null;
  setChecked: (checked: CampaignCheck | null) => void;
  change: (part: Partial<Draft>) => void;
  /** What is sent to the hub; null while something is missing. */
  campaign: () => NewCampaign | null;
}

/** The draft; whatever changes in it asks for another look at the list. */
export function useDraft(stock: Stock, wanted: string | null): Drafting {
  const [draft, setDraft] = useState(() => begun(stock, wanted));
  const [checked, setChecked] = useState<CampaignCheck | null>(null);
  // Made twice under one id it is one campaign: an answer that was lost does no harm.
  const [id, setId] = useState(newId);
  const template = stock.templates.find((one) => one.id === draft.template);
  const change = (part: Partial<Draft>) => {
    setChecked(null);
    setId(newId());
    setDraft((now) => guessed(stock, { ...now, ...part }, part));
  };
  const { table, mapping } = draft;
  const campaign = (): NewCampaign | null => {
    if (template === undefined || table === null) return null;
    return {
      id,
      name: draft.name,
      inbox_id: draft.inbox,
      template: template.name,
      language: template.language,
      replies: { to: draft.replies, topic: draft.replies === "ai" ? null : draft.topic || null },
      pace_per_minute: Number.parseInt(draft.pace, 10) || 0,
      ...peopleOf(table, mapping, template.form),
    };
  };
  return {
    draft,
    templates: sendableFirst(stock.templates.filter((one) => one.inbox_id === draft.inbox)),
    template,
    ready: template !== undefined && table !== null && mapping.to !== null,
    checked,
    setChecked,
    change,
    campaign,
  };
}

/** Begins with the wanted template, or else at an inbox that has one to send. */
function begun({ inboxes, templates }: Stock, wanted: string | null): Draft {
  const template = templates.find((one) => one.id === wanted);
  const able = inboxes.find(({ id }) =>
    templates.some((one) => one.inbox_id === id && one.refusal === null),
  );
  return {
    name: "",
    inbox: template?.inbox_id ?? (able ?? inboxes[0])?.id ?? "",
    template: template?.id ?? "",
    table: null,
    mapping: { to: null, name: null, fields: {} },
    replies: "ai",
    topic: "",
    pace: "600",
  };
}

/** Another list or template has other columns or fields: what belongs together is guessed anew. */
function guessed(stock: Stock, draft: Draft, part: Partial<Draft>): Draft {
  const template = stock.templates.find((one) => one.id === draft.template);
  const same = part.table === undefined && part.template === undefined;
  if (same || draft.table === null || template === undefined) return draft;
  return { ...draft, mapping: guessMapping(draft.table.head, template.form) };
}
