import type { Evidence, EvidenceQuestion, Found } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useFresh } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { Chip } from "../../ui/chip.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty } from "../../ui/notes.tsx";
import { Age } from "../../ui/time.tsx";
import { sentence } from "../../ui/words.ts";

/** What was recorded about a desk, under the questions that people ask when something is wrong. */
export function TroubleshootingPage({ id }: { id: string }) {
  const load = useCallback(async () => {
    const [desks, evidence] = await Promise.all([api.desks(), api.deskEvidence(id)]);
    return { name: desks.find((desk) => desk.id === id)?.name ?? "the desk", evidence };
  }, [id]);
  const [loaded, refresh] = useFresh(load);
  const of = loaded.phase === "ready" ? `: ${loaded.value.name}` : "";
  return (
    <InnerPage title={`Troubleshooting${of}`} back="/integrations" narrow>
      <WhenLoaded loaded={loaded} what="what was recorded" onRetry={refresh}>
        {({ evidence }) => <Questions evidence={evidence} id={id} />}
      </WhenLoaded>
    </InnerPage>
  );
}

function Questions({ evidence, id }: { evidence: Evidence; id: string }) {
  const troubled = evidence.questions.filter((question) => question.found.length > 0);
  const fine = evidence.questions.filter((question) => question.found.length === 0);
  return (
    <>
      {troubled.length === 0 && (
        <Empty title="Nothing went wrong in the last seven days">
          <p>
            If something does not work all the same, <Link to="/integrations">check</Link> the
            connection, or <Link to={`/integrations/${id}`}>test its settings</Link>.
          </p>
        </Empty>
      )}
      {troubled.map((question) => (
        <Trouble key={question.name} question={question} />
      ))}
      {fine.length > 0 && troubled.length > 0 && (
        <section className="group" aria-label="In order">
          <h2>In order in the last seven days</h2>
          <ul>
            {fine.map((question) => (
              <li key={question.name}>{question.asks}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Trouble({ question }: { question: EvidenceQuestion }) {
  return (
    <section className="group" aria-label={question.asks}>
      <div className="heading">
        <h2>{question.asks}</h2>
        <Chip tone="warn">{question.found.length} found</Chip>
      </div>
      <p className="note">{question.cure}</p>
      <ul className="rows">
        {question.found.map((found, at) => (
          <Finding key={at} found={found} />
        ))}
      </ul>
    </section>
  );
}

function Finding({ found }: { found: Found }) {
  const facts = [found.what, found.code, found.work].filter((fact) => fact != null);
  return (
    <li className="row">
      <p>{sentence(found.text)}.</p>
      <p className="fine">
        <Age at={found.at} />
        {facts.map((fact) => ` · ${fact}`)}
        {found.session_id != null && (
          <>
            {" · "}
            <Link to={`/sessions/${found.session_id}`}>session</Link>
          </>
        )}
      </p>
    </li>
  );
}
