package io.dunlin.model;

import io.dunlin.device.Device;
import io.dunlin.device.HostAccess;
import io.dunlin.nn.Block;
import io.dunlin.nn.CausalAttention;
import io.dunlin.nn.Embedding;
import io.dunlin.nn.Head;
import io.dunlin.nn.Initial;
import io.dunlin.nn.Linear;
import io.dunlin.nn.Parameter;
import io.dunlin.nn.ParameterSource;
import io.dunlin.nn.RmsNorm;
import io.dunlin.nn.RotaryPositions;
import io.dunlin.nn.SwiGluMlp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Llama (Grattafiori et al., "The Llama 3 Herd of Models", 2024), with Hugging Face's names. Legend: C width, F hidden,
 * V vocabulary, H query heads, G key/value heads, D head width.
 */
final class LlamaNetwork {
    private static final Initial NORMAL = new Initial.Normal(Network.DEVIATION);

    private final ModelConfig config;
    private final ParameterSource parameters;
    private final RotaryPositions rotary;
    private final Initial branchEnd;

    private LlamaNetwork(ModelConfig config, Device device, HostAccess host, ParameterSource parameters) {
        this.config = config;
        this.parameters = parameters;
        this.rotary = RotaryPositions.of(device, host, config.context(), config.headWidth(), config.ropeTheta());
        this.branchEnd = new Initial.Normal(Network.branchEndDeviation(config.layers()));
    }

    static Network compose(ModelConfig config, Device device, HostAccess host, ParameterSource parameters) {
        return new LlamaNetwork(config, device, host, parameters).compose();
    }

    private Network compose() {
        int width = config.width();
        Parameter tokens = parameters.next("embed_tokens.weight", NORMAL, config.vocabulary(), width); // [V, C]
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            blocks.add(block("layers." + i));
        }
        RmsNorm norm = norm("norm");
        Linear head =
                config.tiedHead() ? Linear.of(tokens) : linear("lm_head", NORMAL, config.vocabulary(), width); // [V, C]
        return new Network(new Embedding(tokens, Optional.empty()), List.copyOf(blocks), new Head(norm, head));
    }

    private Block block(String name) {
        int width = config.width();
        int hidden = config.hidden();
        int keyValueWidth = config.keyValueHeads() * config.headWidth();
        CausalAttention attention = new CausalAttention(
                norm(name + ".input_layernorm"),
                List.of(
                        linear(name + ".self_attn.q_proj", NORMAL, width, width), // [H*D, C]
                        linear(name + ".self_attn.k_proj", NORMAL, keyValueWidth, width), // [G*D, C]
                        linear(name + ".self_attn.v_proj", NORMAL, keyValueWidth, width)), // [G*D, C]
                linear(name + ".self_attn.o_proj", branchEnd, width, width), // [C, H*D]
                Optional.of(rotary),
                config.heads(),
                config.keyValueHeads());
        SwiGluMlp mlp = new SwiGluMlp(
                norm(name + ".post_attention_layernorm"),
                linear(name + ".mlp.gate_proj", NORMAL, hidden, width), // [F, C]
                linear(name + ".mlp.up_proj", NORMAL, hidden, width), // [F, C]
                linear(name + ".mlp.down_proj", branchEnd, width, hidden)); // [C, F]
        return new Block(attention, mlp, width);
    }

    private RmsNorm norm(String name) {
        return new RmsNorm(parameters.next(name + ".weight", Initial.ONES, config.width()), config.normEpsilon());
    }

    private Linear linear(String name, Initial initial, int outputs, int inputs) {
        return Linear.of(parameters.next(name + ".weight", initial, outputs, inputs));
    }
}
