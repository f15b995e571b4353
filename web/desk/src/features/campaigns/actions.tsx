import { type CampaignView, turnsTaken } from "@baton/client";
import { useRef, useState } from "react";
import { api } from "../../access.ts";
import { useAction, useFocusKept } from "../../hooks.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { ErrorNote } from "../../ui/notes.tsx";

interface ActionsProps {
  campaign: CampaignView;
  onChange: () => void;
}

type Move = "pause" | "resume" | "cancel";

/** Pausing is done at once; what sends messages or is for good is asked about first. */
export function CampaignActions({ campaign, onChange }: ActionsProps) {
  const [asked, setAsked] = useState<"none" | "resume" | "cancel">("none");
  const { busy, error, run } = useAction();
  const buttons = useRef<HTMLDivElement>(null);
  const toFirst = () => buttons.current?.querySelector("button")?.focus();
  useFocusKept(campaign.state, toFirst);
  const close = () => {
    setAsked("none");
    toFirst();
  };
  const move = (how: Move) =>
    run(async () => {
      await api.moveCampaign(campaign.id, how);
      onChange();
      close();
    });
  const { state } = campaign;
  const going = state === "running" || state === "paused" || state === "loading";
  if (!going) return null;
  return (
    <div className="stack">
      <div className="buttons" ref={buttons}>
        {state === "running" && (
          <button type="button" aria-disabled={busy} onClick={() => move("pause")}>
            Pause
          </button>
        )}
        {state === "paused" && (
          <button
            type="button"
            className="primary"
            aria-expanded={asked === "resume"}
            onClick={() => setAsked("resume")}
          >
            {turnsTaken(campaign.counts).taken > 0 ? "Go on sending" : "Start sending"}
          </button>
        )}
        <button type="button" aria-expanded={asked === "cancel"} onClick={() => setAsked("cancel")}>
          End the campaign
        </button>
      </div>
      {asked === "resume" && state === "paused" && (
        <Resume
          campaign={campaign}
          busy={busy}
          error={error}
          onAct={() => move("resume")}
          onClose={close}
        />
      )}
      {asked === "cancel" && (
        <Cancel
          campaign={campaign}
          busy={busy}
          error={error}
          onAct={() => move("cancel")}
          onClose={close}
        />
      )}
      {asked === "none" && error !== null && <ErrorNote doing="pause the campaign" error={error} />}
    </div>
  );
}

interface QuestionProps {
  campaign: CampaignView;
  busy: boolean;
  error: Parameters<typeof Confirm>[0]["error"];
  onAct: () => void;
  onClose: () => void;
}

function Resume({ campaign, ...rest }: QuestionProps) {
  return (
    <Confirm title="Send the campaign" keep="Not yet" act="Send to those who wait" {...rest}>
      <b>Send to {people(campaign)}?</b> At most {campaign.pace_per_minute} go out in a minute. You
      can pause it at any time; what is sent cannot be taken back.
    </Confirm>
  );
}

function Cancel({ campaign, ...rest }: QuestionProps) {
  return (
    <Confirm title="End the campaign" keep="Keep it" act="End it for good" danger {...rest}>
      <b>End {campaign.name}?</b> Who still waits, {people(campaign)}, gets nothing, and it cannot
      be started again. What is on its way already still goes out.
    </Confirm>
  );
}

function people({ counts }: CampaignView): string {
  const waiting = counts.waiting ?? 0;
  return waiting === 1 ? "1 person" : `${waiting} people`;
}
