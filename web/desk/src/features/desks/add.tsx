import type { DeskAddress, Vendor } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useLoaded } from "../../hooks.ts";
import { Link, type Place } from "../../router.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty } from "../../ui/notes.tsx";
import { DeskForm } from "./form.tsx";

/** A new desk: its form, a trial with the vendor, and what comes next. */
export function AddDeskPage({ place }: { place: Place }) {
  const load = useCallback(async () => {
    const [{ desks: vendors }, address] = await Promise.all([api.vendors(), api.deskAddress()]);
    return { vendors, address };
  }, []);
  const [loaded, retry] = useLoaded(load);
  const vendors = loaded.phase === "ready" ? loaded.value.vendors : [];
  const vendor = vendors.find((known) => known.name === place.query.get("vendor"));
  return (
    <InnerPage title={`Connect ${vendor?.title ?? "a desk"}`} back="/integrations" narrow>
      <WhenLoaded loaded={loaded} what="the vendors" onRetry={retry}>
        {({ address }) =>
          vendor === undefined ? (
            <NoVendor />
          ) : (
            <NewDesk key={vendor.name} vendor={vendor} address={address} />
          )
        }
      </WhenLoaded>
    </InnerPage>
  );
}

function NoVendor() {
  return (
    <Empty title="There is no such vendor">
      <p>
        Choose one of the <Link to="/integrations">integrations</Link>.
      </p>
    </Empty>
  );
}

function NewDesk({ vendor, address }: { vendor: Vendor; address: DeskAddress }) {
  return (
    <DeskForm
      vendor={vendor}
      desk={null}
      onTry={(wanted) => api.makeDesk({ ...wanted, id: address.id, vendor: vendor.name })}
    >
      <div className="note">
        <p>If the vendor sends webhooks, and only then, it wants this address:</p>
        <Copyable label="hook address" value={address.hook_url} />
      </div>
    </DeskForm>
  );
}
