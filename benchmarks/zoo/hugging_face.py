"""Models of the transformers library by configuration, with random weights and their own losses."""

import torch

from .kinds import N_SAMPLES, Kind

_TEXT = {
    "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 32, "max_position_embeddings": 32, "pad_token_id": 0,
}  # fmt: skip


def _tokens(classes=None):
    torch.manual_seed(0)
    ids = torch.randint(1, 40, (N_SAMPLES, 10))
    labels = ids if classes is None else torch.randint(classes, (N_SAMPLES,))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


def _pixels():
    torch.manual_seed(0)
    return {
        "pixel_values": torch.randn(N_SAMPLES, 3, 32, 32),
        "labels": torch.randint(5, (N_SAMPLES,)),
    }


def _built(name, head, **options):
    """A builder of a model from the names of its family and its head."""

    def build():
        import transformers

        config = getattr(transformers, f"{name}Config")(**options)
        return getattr(transformers, f"{name}{head}")(config)

    return build


def _causal(name, **options):
    build = _built(name, options.pop("head", "ForCausalLM"), **{**_TEXT, **options})
    return Kind(f"{name}, causal", build, _tokens, None)


def _classifier(name, **options):
    build = _built(name, "ForSequenceClassification", num_labels=5, **{**_TEXT, **options})
    return Kind(f"{name}, classes", build, lambda: _tokens(5), None)


def _images(name, **options):
    build = _built(name, "ForImageClassification", num_labels=5, **options)
    return Kind(name, build, _pixels, None)


_VIT = {
    "image_size": 32, "patch_size": 8, "hidden_size": 16, "num_hidden_layers": 2,
    "num_attention_heads": 4, "intermediate_size": 32,
}  # fmt: skip
_GPT2 = {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32, "vocab_size": 40}
_T5 = {"d_model": 16, "d_kv": 4, "d_ff": 32, "num_layers": 2, "num_heads": 4, "vocab_size": 40}

KINDS = [
    Kind("GPT-2", _built("GPT2", "LMHeadModel", **_GPT2, bos_token_id=1, eos_token_id=2),
         _tokens, None),
    _causal("Llama", num_key_value_heads=2),
    _causal("Mistral", num_key_value_heads=2),
    _causal("GPTNeoX"),
    _causal("OPT", ffn_dim=32, word_embed_proj_dim=16),
    _classifier("Bert"),
    _classifier("Roberta"),
    _classifier("Albert", embedding_size=8),
    _classifier("Electra", embedding_size=8),
    Kind("DistilBERT", _built("DistilBert", "ForSequenceClassification", num_labels=5, dim=16,
         n_layers=2, n_heads=4, hidden_dim=32, vocab_size=40), lambda: _tokens(5), None),
    Kind("T5", _built("T5", "ForConditionalGeneration", **_T5, decoder_start_token_id=0),
         _tokens, None),
    Kind("BART", _built("Bart", "ForConditionalGeneration", d_model=16, encoder_layers=1,
         decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4,
         encoder_ffn_dim=32, decoder_ffn_dim=32, vocab_size=40, max_position_embeddings=32,
         pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=2,
         forced_eos_token_id=2), _tokens, None),
    _images("ViT", **_VIT),
    _images("DeiT", **_VIT),
    _images("Swin", image_size=32, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[2, 2],
            window_size=4),
    _images("ConvNext", depths=[1, 1], hidden_sizes=[8, 16], num_stages=2),
    _images("ResNet", embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1]),
    _images("RegNet", embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], groups_width=8),
    _images("MobileNetV2", image_size=32, depth_multiplier=0.25),
]  # fmt: skip
