//! `axum-broadcast ADDRESS`: what one writes first, axum with a tokio broadcast channel.
//! `/pub` sends to everybody at `/sub`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::broadcast::{self, Sender, error::RecvError};

/// Messages that a slow subscriber may be behind before it loses some.
const BEHIND_MAX: usize = 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("axum-broadcast ADDRESS")?;
    let (said, _) = broadcast::channel::<Bytes>(BEHIND_MAX);
    let routes = Router::new().route("/pub", get(publish)).route("/sub", get(subscribe));
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, routes.with_state(said)).await?)
}

async fn publish(upgrade: WebSocketUpgrade, State(said): State<Sender<Bytes>>) -> Response {
    upgrade.on_upgrade(|mut socket: WebSocket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if let Message::Binary(bytes) = message {
                // Nobody listens yet: then nobody is told.
                let _ = said.send(bytes);
            }
        }
    })
}

async fn subscribe(upgrade: WebSocketUpgrade, State(said): State<Sender<Bytes>>) -> Response {
    let mut said = said.subscribe();
    upgrade.on_upgrade(|mut socket: WebSocket| async move {
        loop {
            match said.recv().await {
                Ok(bytes) => {
                    if socket.send(Message::Binary(bytes)).await.is_err() {
                        return;
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    })
}
