#!/usr/bin/env python3
"""make-model.py FOLDER: writes a PaddleOCR-VL that has everything but knowledge.

The real architecture (a vision tower, a projector and a language model, `PaddleOCRVLForConditionalGeneration`) in its
smallest form: 0.6 million random parameters and a tokenizer whose tokens are hardly more than bytes. vLLM loads, serves and
breaks it as it does the real one; what it answers is noise. Needs transformers and torch, and no network.
"""

import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import tokenizers
import torch
import transformers

PICTURE = "<|IMAGE_PLACEHOLDER|>"
VIDEO = "<|VIDEO_PLACEHOLDER|>"
PICTURE_BEGINS, PICTURE_ENDS = "<|IMAGE_START|>", "<|IMAGE_END|>"
BEGIN, END = "<|begin_of_sentence|>", "<|end_of_sentence|>"
# Their order gives their numbers, and the language model's settings below name those of the first four.
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>", BEGIN, END, PICTURE, PICTURE_BEGINS, PICTURE_ENDS, VIDEO]

# Pictures come before the words, wherever they stand in the message, as PaddleOCR-VL was trained.
CHAT = """\
{{ '%(begin)s' }}
{%%- for message in messages -%%}
  {{ 'User: ' }}
  {%%- if message.content is string -%%}
    {{ message.content }}
  {%%- else -%%}
    {%%- for part in message.content if part.type in ('image', 'image_url') -%%}
      {{ '%(picture)s' }}
    {%%- endfor -%%}
    {%%- for part in message.content if part.type == 'text' -%%}
      {{ part.text }}
    {%%- endfor -%%}
  {%%- endif -%%}
  {{ '\\n' }}
{%%- endfor -%%}
{{ 'Assistant:\\n' }}""" % {"begin": BEGIN, "picture": PICTURE_BEGINS + PICTURE + PICTURE_ENDS}


def make_tokenizer():
    """Byte pairs, learnt from the prompts alone: any text can be written with it."""
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    model.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = tokenizers.decoders.ByteLevel()
    prompts = [f"{task}:" for task in ("OCR", "Table Recognition", "Formula Recognition", "Chart Recognition")]
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=490,
        special_tokens=SPECIAL,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    model.train_from_iterator(prompts * 10, trainer)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=model,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        cls_token=BEGIN,
        # vLLM's processor asks the tokenizer for it by this name.
        extra_special_tokens={"image_token": PICTURE},
    )
    fast.chat_template = CHAT
    return fast


def make_configuration(numbers):
    text = {
        "vocab_size": 512,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "max_position_embeddings": 16384,
        "bos_token_id": numbers["<s>"],
        "eos_token_id": numbers["</s>"],
        "pad_token_id": numbers["<pad>"],
        "tie_word_embeddings": True,
        # Sections of half a head: time, height, width.
        "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0, "mrope_section": [4, 6, 6]},
    }
    vision = {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 384,
        "patch_size": 14,
        "spatial_merge_size": 2,
    }
    return transformers.PaddleOCRVLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=numbers[PICTURE],
        video_token_id=numbers[VIDEO],
        vision_start_token_id=numbers[PICTURE_BEGINS],
        vision_end_token_id=numbers[PICTURE_ENDS],
        tie_word_embeddings=True,
    )


# As the published model has it: pictures of 147384 to 1003520 pixels, in patches of 14.
PICTURES = {
    "image_processor_type": "PaddleOCRVLImageProcessor",
    "processor_class": "PaddleOCRVLProcessor",
    "do_convert_rgb": True,
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "rescale_factor": 1 / 255,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 3,
    "patch_size": 14,
    "temporal_patch_size": 1,
    "merge_size": 2,
    "min_pixels": 147384,
    "max_pixels": 1003520,
}


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(folder)
    numbers = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    # The same weights each time, so that failures can be seen again.
    torch.manual_seed(4739)
    model = transformers.PaddleOCRVLForConditionalGeneration(make_configuration(numbers))
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PICTURES, indent=2))
    (folder / "processor_config.json").write_text(json.dumps({"processor_class": "PaddleOCRVLProcessor"}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make-model.py FOLDER")
    main(pathlib.Path(sys.argv[1]))
