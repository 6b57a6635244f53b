package io.dunlin.checkpoint.huggingface;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.model.Family;
import io.dunlin.model.ModelConfig;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * config.json of GPT-2 and Llama models, read strictly: a field that asks for something else, and a field that is not
 * known, end the import. Where a field may be left out, its default is that of transformers.
 *
 * @param model the dimensions
 * @param notes differences that do not change what the model computes
 */
record HuggingFaceConfig(ModelConfig model, List<String> notes) {
    private static final int GPT2_END_OF_TEXT = 50_256;

    /** Reads a config.json. */
    static HuggingFaceConfig parse(byte[] json, String file) {
        JsonNode root;
        try {
            root = JsonMapper.shared().readTree(json);
        } catch (JacksonException e) {
            throw new CheckpointException(
                    CheckpointError.BAD_MODEL_FILES, "%s is not JSON: %s".formatted(file, e.getOriginalMessage()), "");
        }
        ConfigFields fields = new ConfigFields(root, file);
        JsonNode type = fields.get("model_type");
        ModelConfig model =
                switch (type.asString("")) {
                    case "gpt2" -> gpt2(fields);
                    case "llama" -> llama(fields);
                    default -> throw fields.refused("model_type", type, "Dunlin knows \"gpt2\" and \"llama\"");
                };
        fields.require("quantization_config");
        fields.require("is_encoder_decoder", "false");
        fields.require("add_cross_attention", "false");
        fields.require("is_decoder", "false", "true");
        fields.ignore("architectures", "transformers_version", "torch_dtype", "dtype", "_name_or_path", "_commit_hash");
        fields.ignore("bos_token_id", "eos_token_id", "pad_token_id", "use_cache", "initializer_range");
        fields.ignore(
                "output_attentions", "output_hidden_states", "output_past", "return_dict", "return_dict_in_generate");
        fields.ignore("task_specific_params", "gradient_checkpointing", "tokenizer_class", "id2label", "label2id");
        fields.requireAllRead();
        return new HuggingFaceConfig(model, fields.notes());
    }

    private static ModelConfig gpt2(ConfigFields fields) {
        fields.require("activation_function", "\"gelu_new\"", "\"gelu_pytorch_tanh\"");
        fields.require("scale_attn_weights", "true");
        fields.require("scale_attn_by_inverse_layer_idx", "false");
        fields.require("reorder_and_upcast_attn", "false");
        fields.dropout("attn_pdrop");
        fields.dropout("embd_pdrop");
        fields.dropout("resid_pdrop");
        fields.ignore("n_ctx", "summary_activation", "summary_first_dropout", "summary_proj_to_labels");
        fields.ignore("summary_type", "summary_use_proj");
        int width = fields.count("n_embd");
        int heads = fields.count("n_head");
        return new ModelConfig(
                Family.GPT,
                fields.count("n_layer"),
                width,
                heads,
                heads,
                fields.count("n_inner", 4 * width),
                fields.count("vocab_size"),
                fields.count("n_positions"),
                fields.flag("tie_word_embeddings", true),
                fields.number("layer_norm_epsilon", 1e-5),
                ModelConfig.gpt(1, 1, 1, 1, 1).ropeTheta());
    }

    private static ModelConfig llama(ConfigFields fields) {
        fields.require("hidden_act", "\"silu\"");
        fields.require("attention_bias", "false");
        fields.require("mlp_bias", "false");
        fields.require("pretraining_tp", "1");
        fields.require("rope_scaling");
        fields.require("sliding_window");
        fields.require("partial_rotary_factor", "1", "1.0");
        fields.dropout("attention_dropout");
        int width = fields.count("hidden_size");
        int heads = fields.count("num_attention_heads");
        fields.require("head_dim", Integer.toString(width / heads));
        return new ModelConfig(
                Family.LLAMA,
                fields.count("num_hidden_layers"),
                width,
                heads,
                fields.count("num_key_value_heads", heads),
                fields.count("intermediate_size"),
                fields.count("vocab_size"),
                fields.count("max_position_embeddings"),
                fields.flag("tie_word_embeddings", false),
                fields.number("rms_norm_eps", 1e-6),
                ropeTheta(fields));
    }

    /** {@code rope_theta} on its own until transformers 4, inside {@code rope_parameters} since 5. */
    private static float ropeTheta(ConfigFields fields) {
        JsonNode parameters = fields.get("rope_parameters");
        float outer = fields.number("rope_theta", 10_000);
        if (parameters.isMissingNode()) {
            return outer;
        }
        parameters.properties().forEach(field -> {
            switch (field.getKey()) {
                case "rope_theta" -> {}
                case "rope_type" -> fields.require("rope_parameters.rope_type", field.getValue(), "\"default\"");
                case "partial_rotary_factor" ->
                    fields.require("rope_parameters.partial_rotary_factor", field.getValue(), "1", "1.0");
                default -> fields.require("rope_parameters." + field.getKey(), field.getValue());
            }
        });
        float theta = fields.number("rope_parameters.rope_theta", parameters.path("rope_theta"), outer);
        if (!fields.get("rope_theta").isMissingNode() && theta != outer) {
            throw fields.refused("rope_theta", fields.get("rope_theta"), "rope_parameters says " + theta);
        }
        return theta;
    }

    /** A config.json that transformers reads as the same model. */
    static byte[] render(ModelConfig model) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        switch (model.family()) {
            case GPT -> gpt2(model, root);
            case LLAMA -> llama(model, root);
        }
        root.put("dtype", "float32");
        root.put("initializer_range", 0.02);
        root.put("tie_word_embeddings", model.tiedHead());
        root.put("torch_dtype", "float32");
        root.put("use_cache", true);
        root.put("vocab_size", model.vocabulary());
        return JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsBytes(root);
    }

    private static void gpt2(ModelConfig model, ObjectNode root) {
        root.putArray("architectures").add("GPT2LMHeadModel");
        root.put("model_type", "gpt2");
        root.put("activation_function", "gelu_new");
        root.put("attn_pdrop", 0.0);
        root.put("embd_pdrop", 0.0);
        root.put("resid_pdrop", 0.0);
        root.put("layer_norm_epsilon", model.normEpsilon());
        root.put("n_embd", model.width());
        root.put("n_head", model.heads());
        root.put("n_inner", model.hidden());
        root.put("n_layer", model.layers());
        root.put("n_positions", model.context());
        root.put("scale_attn_weights", true);
        root.put("scale_attn_by_inverse_layer_idx", false);
        root.put("reorder_and_upcast_attn", false);
        if (model.vocabulary() > GPT2_END_OF_TEXT) {
            root.put("bos_token_id", GPT2_END_OF_TEXT);
            root.put("eos_token_id", GPT2_END_OF_TEXT);
        } else {
            // Otherwise transformers takes 50256, which this vocabulary does not have.
            root.putNull("bos_token_id");
            root.putNull("eos_token_id");
        }
    }

    private static void llama(ModelConfig model, ObjectNode root) {
        root.putArray("architectures").add("LlamaForCausalLM");
        root.put("model_type", "llama");
        root.put("attention_bias", false);
        root.put("attention_dropout", 0.0);
        root.put("head_dim", model.headWidth());
        root.put("hidden_act", "silu");
        root.put("hidden_size", model.width());
        root.put("intermediate_size", model.hidden());
        root.put("max_position_embeddings", model.context());
        root.put("mlp_bias", false);
        root.put("num_attention_heads", model.heads());
        root.put("num_hidden_layers", model.layers());
        root.put("num_key_value_heads", model.keyValueHeads());
        root.put("pretraining_tp", 1);
        root.put("rms_norm_eps", model.normEpsilon());
        // Both places, for transformers 4 and 5.
        root.put("rope_theta", model.ropeTheta());
        root.putObject("rope_parameters").put("rope_theta", model.ropeTheta()).put("rope_type", "default");
        root.putNull("bos_token_id");
        root.putNull("eos_token_id");
    }
}
