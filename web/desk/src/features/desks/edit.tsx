import { useCallback } from "react";
import { api } from "../../access.ts";
import { useLoaded } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty } from "../../ui/notes.tsx";
import { DeskForm } from "./form.tsx";

/** The settings of one desk; changes are tried with the vendor before they are kept. */
export function EditDeskPage({ id }: { id: string }) {
  const load = useCallback(async () => {
    const [desks, vendors] = await Promise.all([api.desks(), api.vendors()]);
    const desk = desks.find((known) => known.id === id);
    return { desk, vendor: vendors.desks.find((known) => known.name === desk?.vendor) };
  }, [id]);
  const [loaded, retry] = useLoaded(load);
  const name = loaded.phase === "ready" ? loaded.value.desk?.name : undefined;
  return (
    <InnerPage title={name ?? "Desk"} back="/integrations" narrow>
      <WhenLoaded loaded={loaded} what="the desk" onRetry={retry}>
        {({ desk, vendor }) =>
          desk === undefined || vendor === undefined ? (
            <Gone />
          ) : (
            <DeskForm
              vendor={vendor}
              desk={desk}
              onTry={(wanted) => api.changeDesk(desk.id, wanted)}
            >
              <h2>{vendor.title}</h2>
            </DeskForm>
          )
        }
      </WhenLoaded>
    </InnerPage>
  );
}

function Gone() {
  return (
    <Empty title="There is no such desk">
      <p>
        The address may be mistyped or old. Go to the <Link to="/integrations">integrations</Link>.
      </p>
    </Empty>
  );
}
