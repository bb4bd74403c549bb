"""Streaming encryption by Tink: AES-256-GCM in segments of 1 MiB, under keys derived per file (HKDF).

Segments are numbered and the last one is marked, so a cut, reordered or altered file does not decrypt.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from tink import proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

SEGMENT_BYTES = 1 << 20
KEY_BYTES = 32
_TYPE = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"


def streaming_cipher(key: bytes) -> streaming_aead.StreamingAead:
    """The cipher AES256_GCM_HKDF_1MB under a raw key of 32 bytes."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a staging key has {KEY_BYTES} bytes")
    _register()
    params = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT_BYTES,
        derived_key_size=KEY_BYTES,
        hkdf_hash_type=common_pb2.SHA256,
    )
    streaming_key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(params=params, key_value=key)
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=tink_pb2.KeyData(
            type_url=_TYPE,
            value=streaming_key.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC,
        ),
        status=tink_pb2.ENABLED,
        key_id=1,
        output_prefix_type=tink_pb2.RAW,
    )
    handle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return cast(streaming_aead.StreamingAead, handle.primitive(streaming_aead.StreamingAead))


@cache
def _register() -> None:
    """Once a process: it takes longer than all the rest."""
    streaming_aead.register()
