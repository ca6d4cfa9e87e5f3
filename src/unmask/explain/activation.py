"""Heat maps out of a detector's evidence per place."""

from __future__ import annotations

import cv2
import numpy as np

from unmask.core.records import F32Array

# Logits that lift a place from 0.5 to 0.73; the same for every face, so that maps can be compared.
LOGIT_SCALE = 3.0


def face_heatmap(evidence_map: F32Array, size_px: int) -> F32Array:
    """Draw a detector's evidence per place as a smooth map over the crop.

    The map holds each place's share of the verdict in log-odds (class activation mapping, Zhou et al., CVPR 2016): its
    mean is that of the whole face. It is enlarged by cubic interpolation and then passed through
    ``1 / (1 + exp(-logit / LOGIT_SCALE))``. The scale is fixed, never the map's own maximum: 0.5 means that a place
    speaks for neither side, 0.73 that it adds 3 logits towards a forgery, 0.95 that it adds 9. A face that the
    detector finds genuine therefore stays below 0.5 nearly everywhere and looks calm.

    Args:
        evidence_map: Shape (h, w), float32, calibrated log-odds; higher means more like a forgery.
        size_px: Side of the result.

    Returns:
        Shape (size_px, size_px), float32, in [0, 1].

    Raises:
        ValueError: If the map is empty, not two-dimensional or not finite, or the size is not positive.
    """
    if evidence_map.ndim != 2 or evidence_map.size == 0 or size_px < 1:
        message = f"face_heatmap: expected a map of shape (h, w) and a size, got {evidence_map.shape} and {size_px}"
        raise ValueError(message)
    if not np.isfinite(evidence_map).all():
        message = "face_heatmap: expected finite logits"
        raise ValueError(message)
    enlarged = cv2.resize(
        np.ascontiguousarray(evidence_map, np.float32), (size_px, size_px), interpolation=cv2.INTER_CUBIC
    )
    # tanh, because exp overflows for strong evidence.
    return np.asarray(0.5 + 0.5 * np.tanh(enlarged / (2.0 * LOGIT_SCALE)), np.float32)
