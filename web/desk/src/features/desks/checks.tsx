import type { DeskCheck } from "@baton/client";
import { sentence } from "../../ui/words.ts";

interface ChecksProps {
  checks: DeskCheck[];
  /** What is right today and will not stay so. */
  warnings: string[];
}

/** So few stand in the open; more of what works is folded away, and what fails never is. */
const OPEN_UP_TO = 6;

/** Each thing that a handoff will need, and for what does not work why, and what to do. */
export function Checks({ checks, warnings }: ChecksProps) {
  const failed = checks.filter((check) => !check.works);
  const works = checks.filter((check) => check.works);
  return (
    <>
      {failed.length > 0 && <List name="What does not work" checks={failed} />}
      {works.length > 0 && (
        <details className="folded" open={works.length <= OPEN_UP_TO}>
          <summary>{works.length === 1 ? "1 thing works" : `${works.length} things work`}</summary>
          <List name="What works" checks={works} />
        </details>
      )}
      {warnings.length > 0 && (
        <ul className="note warn" aria-label="Warnings">
          {warnings.map((warning) => (
            <li key={warning}>{sentence(warning)}.</li>
          ))}
        </ul>
      )}
    </>
  );
}

function List({ name, checks }: { name: string; checks: DeskCheck[] }) {
  return (
    <ol className="checks" aria-label={name}>
      {checks.map((check) => (
        <li key={check.name} className={check.works ? "works" : "fails"}>
          <svg className="sign" viewBox="0 0 16 16" aria-hidden="true">
            <path d={check.works ? TICK : CROSS} />
          </svg>
          <div>
            <p>
              <span className="what">{sentence(check.what)}</span>{" "}
              <span className="fine">{check.works ? "Works" : "Failed"}</span>
            </p>
            {check.why !== null && <p>{sentence(check.why)}.</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}

const TICK = "M3 8.5 6.5 12 13 4.5";
const CROSS = "M4 4l8 8M12 4l-8 8";
