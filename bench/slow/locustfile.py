"""One request after another, whatever the answer: for comparing Locust with the other clients."""

from locust import FastHttpUser, task


class AnyUser(FastHttpUser):
    @task
    def ask(self) -> None:
        self.client.post("/", data=b"{}", headers={"content-type": "application/json"})
