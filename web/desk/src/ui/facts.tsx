import type { ReactNode } from "react";

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

interface PairProps {
  name: string;
  /** The value stands below its name, for long ones. */
  wide?: boolean;
  children: ReactNode;
}

export function Pair({ name, wide = false, children }: PairProps) {
  return (
    <div className={wide ? "wide" : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
