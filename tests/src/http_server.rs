//! A server on loopback that answers as a test says, for what no real server does on demand.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a client asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET /path`.
    pub line: String,
    /// Its header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header, the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What it is told.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status (`200 OK`), header lines without line ends, body.
    Whole(&'static str, Vec<String>, Vec<u8>),
    /// As [`Reply::Whole`], but the connection ends within the body.
    Half(&'static str, Vec<u8>),
    /// Nothing, until the client goes.
    Silence,
}

impl Reply {
    /// A success of one type.
    pub fn ok(media: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Whole("200 OK", vec![format!("Content-Type: {media}")], body.into())
    }

    /// A status with nothing else.
    pub fn status(status: &'static str) -> Self {
        Self::Whole(status, Vec::new(), Vec::new())
    }
}

/// A running server; its thread ends with the process.
pub struct HttpServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl HttpServer {
    /// Starts one that asks `answer` for each request; the number counts from 0.
    ///
    /// # Panics
    ///
    /// If loopback has no free port.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                std::thread::spawn(move || {
                    // A client may go whenever it likes.
                    let _ = serve(stream, answer.as_ref(), &log);
                });
            }
        });
        Self { address, seen }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    ///
    /// # Panics
    ///
    /// If `answer` did.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("no answer panicked").clone()
    }
}

fn serve(
    stream: TcpStream,
    answer: &(impl Fn(&Request, usize) -> Reply + ?Sized),
    log: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(request) = read(&mut reader)? {
        let number = {
            let mut log = log.lock().expect("no answer panicked");
            log.push(request.clone());
            log.len() - 1
        };
        match answer(&request, number) {
            Reply::Whole(status, headers, body) => {
                let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
                write!(
                    writer,
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{lines}\r\n",
                    body.len()
                )?;
                writer.write_all(&body)?;
            }
            Reply::Half(status, body) => {
                write!(
                    writer,
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
                    body.len() * 2
                )?;
                return writer.write_all(&body);
            }
            Reply::Silence => {
                reader.read_to_end(&mut Vec::new())?;
            }
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let words: Vec<&str> = line.split(' ').take(2).collect();
    let mut request = Request {
        line: words.join(" "),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        request
            .headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = request
        .header("content-length")
        .and_then(|text| text.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}
