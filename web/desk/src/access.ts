import { Api, type Me } from "@baton/client";
import { createContext, useContext } from "react";

export const api = new Api();

export interface Access {
  me: Me;
  signOut(): Promise<void>;
}

export const AccessContext = createContext<Access | null>(null);

export function useAccess(): Access {
  const access = useContext(AccessContext);
  if (access === null) throw new Error("used outside of a signed-in page");
  return access;
}
