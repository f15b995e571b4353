import { useRef, useState } from "react";

interface CopyableProps {
  /** What it is, for the button's name. */
  label: string;
  value: string;
}

/** A value that is read by machines, with a button that copies it. */
export function Copyable({ label, value }: CopyableProps) {
  const code = useRef<HTMLElement>(null);
  const [said, setSaid] = useState("");
  const copy = async () => {
    const done = await copyText(value, code.current);
    setSaid(done ? "Copied" : "Selected; copy it with the keyboard");
  };
  return (
    <span className="copyable">
      <code ref={code}>{value}</code>
      <button type="button" onClick={copy} onBlur={() => setSaid("")} aria-label={`Copy ${label}`}>
        {said === "Copied" ? "Copied" : "Copy"}
      </button>
      <span role="status" className={said.startsWith("Selected") ? "fine" : "unseen"}>
        {said}
      </span>
    </span>
  );
}

/** Browsers give the clipboard only to secure origins; elsewhere the value is selected instead. */
async function copyText(value: string, element: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    if (element !== null) window.getSelection()?.selectAllChildren(element);
    return false;
  }
}
