//! The certificates of a system's own certificate authority.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{fmt, str::FromStr};

/// The most text with certificates, in bytes.
const LONGEST: usize = 16 * 1024;

/// The certificates that a connection trusts in the place of those of the public internet.
#[derive(Clone)]
pub struct Roots(RootCertStore);

/// A text that is no certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoots {
    /// It is too long.
    #[error("is longer than 16 KB")]
    TooLong,
    /// It has none in it.
    #[error("has no certificate in it; in PEM, one begins with `-----BEGIN CERTIFICATE-----`")]
    None,
    /// One cannot be read.
    #[error("has a certificate in it that cannot be read")]
    Unreadable,
}

impl Roots {
    pub(crate) fn into_store(self) -> RootCertStore {
        self.0
    }
}

/// Reads certificates in PEM.
impl FromStr for Roots {
    type Err = InvalidRoots;

    fn from_str(pem: &str) -> Result<Self, Self::Err> {
        if pem.len() > LONGEST {
            return Err(InvalidRoots::TooLong);
        }
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let added = certificate.map(|certificate| store.add(certificate));
            if !matches!(added, Ok(Ok(()))) {
                return Err(InvalidRoots::Unreadable);
            }
        }
        match store.is_empty() {
            true => Err(InvalidRoots::None),
            false => Ok(Self(store)),
        }
    }
}

/// Their number: a certificate says nothing in a log.
impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::Http,
        transport::{Answer, Interruption, Request, Transport},
    };
    use reqwest::{Method, header::HeaderMap};
    use rstest::rstest;
    use rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};
    use std::{sync::Arc, time::Duration};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    /// The authority of the server.
    const ITS_OWN: &str = include_str!("testdata/cluster_ca.pem");
    const ANOTHER: &str = include_str!("testdata/another_ca.pem");

    /// A server with a certificate of an authority of its own. Gives its address.
    async fn server() -> String {
        let certificate = CertificateDer::from(include_bytes!("testdata/server.der").to_vec());
        let key = PrivatePkcs8KeyDer::from(include_bytes!("testdata/server.key.der").to_vec());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let Ok(mut connection) = acceptor.accept(connection).await else {
                    continue;
                };
                let _asked = connection.read(&mut [0; 1024]).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                connection.write_all(answer).await.unwrap();
            }
        });
        format!("https://{address}/")
    }

    async fn ask(roots: Option<&str>) -> Result<Answer, Interruption> {
        let roots = roots.map(|pem| pem.parse::<Roots>().unwrap());
        let session = Http::new().unwrap().session(roots.as_ref()).unwrap();
        let request = Request {
            method: Method::GET,
            url: server().await.parse().unwrap(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            time_limit: Duration::from_secs(5),
            answer_limit: 100,
        };
        session.send(request).await
    }

    #[tokio::test]
    async fn a_server_of_its_own_authority_is_trusted_where_that_is_named() {
        assert_eq!(ask(Some(ITS_OWN)).await.unwrap().body, Ok(b"ok".to_vec()));
        let both = format!("{ANOTHER}{ITS_OWN}");
        assert_eq!(ask(Some(&both)).await.unwrap().body, Ok(b"ok".to_vec()));
    }

    #[rstest]
    #[case::by_the_public_internet(None)]
    #[case::by_another_authority(Some(ANOTHER))]
    #[tokio::test]
    async fn a_server_of_its_own_authority_is_not_trusted(#[case] roots: Option<&str>) {
        match ask(roots).await {
            Err(Interruption::Connect(why)) => assert!(why.contains("UnknownIssuer"), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn those_that_are_named_stand_alone() {
        assert_eq!(ITS_OWN.parse::<Roots>().unwrap().into_store().len(), 1);
    }

    #[rstest]
    #[case::nothing("", InvalidRoots::None)]
    #[case::no_pem("MIIB", InvalidRoots::None)]
    #[case::a_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", InvalidRoots::None)]
    #[case::no_end("-----BEGIN CERTIFICATE-----\nAAAA\n", InvalidRoots::Unreadable)]
    #[case::no_certificate(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        InvalidRoots::Unreadable
    )]
    #[case::too_long(&"x".repeat(LONGEST + 1), InvalidRoots::TooLong)]
    fn other_texts_are_no_certificates(#[case] pem: &str, #[case] problem: InvalidRoots) {
        assert_eq!(pem.parse::<Roots>().unwrap_err(), problem);
    }
}
