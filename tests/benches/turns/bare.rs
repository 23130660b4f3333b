//! The floor: the same requests with nothing around them.

use futures_util::StreamExt;

/// Sends each line of a file as a request, one after the other, and reads each answer to its end.
pub fn run(url: &str, bodies: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let text = std::fs::read_to_string(bodies).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let url = format!("{url}/v1/chat/completions");
    runtime.block_on(async {
        for body in text.lines() {
            let request = client
                .post(&url)
                .header("content-type", "application/json")
                .body(body.to_owned());
            let mut stream = request.send().await.unwrap().bytes_stream();
            while let Some(piece) = stream.next().await {
                std::hint::black_box(piece.unwrap());
            }
        }
    });
}
