import { Component, type ReactNode } from "react";

/** A defect in one page must not leave a white screen. */
export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="door">
        <h1>This page broke</h1>
        <p>
          Nothing is lost: what customers and reps write is kept by the hub. Load the page again; if
          it breaks again, tell an operator what you were looking at.
        </p>
        <button type="button" className="primary" onClick={() => location.reload()}>
          Load again
        </button>
      </main>
    );
  }
}
