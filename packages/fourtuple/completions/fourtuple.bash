# bash completion for fourtuple, printed by: fourtuple completion bash
_fourtuple() {
  local rest=${COMP_LINE:0:COMP_POINT} before word index words=() answer=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    before=$rest
    rest=${rest#"${rest%%[![:blank:]]*}"}
    word=${COMP_WORDS[index]}
    ((index == COMP_CWORD)) && word=$rest
    if [[ $before != "$rest" || ${#words[@]} -eq 0 ]]; then
      words+=("$word")
    else
      words[${#words[@]} - 1]+=$word
    fi
    rest=${rest#"$word"}
  done
  local program=${words[0]/#\~/$HOME}
  type -P -- "$program" >/dev/null || program=fourtuple
  mapfile -t answer < <("$program" __complete "${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  if [[ ${answer[0]-} == :files ]]; then
    compopt -o default
    return
  fi
  local current=${words[${#words[@]} - 1]} breaks=${COMP_WORDBREAKS//[!=:]/} cut=
  [[ -n $breaks ]] && cut=${current%"${current##*[$breaks]}"}
  for word in "${answer[@]}"; do
    word=${word%%$'\t'*}
    COMPREPLY+=("${word#"$cut"}")
  done
}
complete -F _fourtuple fourtuple
