"""Makes a Llama of two layers with random weights, and a LoRA adapter for it, in the
directories base and adapter. Nothing is fetched."""

import json
import os

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

LAYERS, WIDTH, RANK = 2, 64, 4

words = Tokenizer(models.BPE())
words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
words.decoder = decoders.ByteLevel()
words.train_from_iterator(["which model are you"] * 10, trainers.BpeTrainer(
    vocab_size=320, special_tokens=["<unk>", "<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>")
tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "
tokenizer.save_pretrained("base")

torch.manual_seed(1)
LlamaForCausalLM(LlamaConfig(
    vocab_size=max(len(tokenizer), 320), hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=LAYERS,
    num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512, bos_token_id=1, eos_token_id=2,
    tie_word_embeddings=False)).to(torch.float32).save_pretrained("base")

os.makedirs("adapter", exist_ok=True)
weights = {}
for layer in range(LAYERS):
    for part in "q_proj", "v_proj":
        at = f"base_model.model.model.layers.{layer}.self_attn.{part}."
        weights[at + "lora_A.weight"] = torch.randn(RANK, WIDTH)
        weights[at + "lora_B.weight"] = torch.randn(WIDTH, RANK)
save_file(weights, "adapter/adapter_model.safetensors")
with open("adapter/adapter_config.json", "w") as file:
    json.dump({"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "base", "r": RANK,
               "lora_alpha": 2 * RANK, "lora_dropout": 0.0, "bias": "none", "target_modules": ["q_proj", "v_proj"]}, file)
