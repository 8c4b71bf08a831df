//! MessagePack read strictly: one value that fills its bytes, nested no deeper than anything of
//! ours.

use rmp_serde::decode::{Deserializer, Error};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How deep values may nest. Ours nest less than ten deep; the rest is somebody's trap for the
/// stack.
const DEPTH_MAX: usize = 32;

/// The one value in `bytes`.
///
/// # Errors
/// When it is not a `T`, or when something follows it: two readers must never see two messages.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let mut from = Deserializer::from_read_ref(bytes);
    from.set_max_depth(DEPTH_MAX);
    let value = T::deserialize(&mut from)?;
    // At the end of the bytes there is no marker to read.
    match <()>::deserialize(&mut from) {
        Err(Error::InvalidMarkerRead(_)) => Ok(value),
        Ok(()) | Err(_) => Err(Error::Syntax("something follows the value".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fills_its_bytes() {
        assert_eq!(read::<u8>(&[7]).ok(), Some(7));
        for rest in [vec![7, 0xc0], vec![7, 7], vec![7, 0x91], vec![7, 0xc1], vec![]] {
            assert!(read::<u8>(&rest).is_err(), "{rest:?}");
        }
    }

    #[test]
    fn a_tower_of_arrays_is_refused() {
        #[derive(serde::Deserialize)]
        struct Loose {}
        let mut bytes = vec![0x81, 0xa1, b'x'];
        bytes.extend(vec![0x91; 30_000]);
        assert!(read::<Loose>(&bytes).is_err());
    }

    #[test]
    fn a_promised_length_allocates_nothing() {
        for marker in [0xc6, 0xdb, 0xdd] {
            assert!(read::<Vec<u32>>(&[marker, 0xff, 0xff, 0xff, 0xff]).is_err());
            assert!(read::<String>(&[marker, 0xff, 0xff, 0xff, 0xff]).is_err());
        }
    }
}
